// pulumi-language-nodejs lets the Pulumi CLI that is built here run programs in TypeScript.
package main

import (
	"fmt"
	"os"

	"edgelab/toolchain/plugins/nodejs"
	"edgelab/toolchain/plugins/process"

	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: pulumi-language-nodejs ENGINE-ADDRESS (the engine starts it)")
		os.Exit(2)
	}
	process.ExitWithParent()
	// The engine's address is the last argument; flags before it are about logging.
	host := &nodejs.Host{Engine: os.Args[len(os.Args)-1], Version: version.Version}
	if err := nodejs.Serve(host, func(port int) { fmt.Println(port) }); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-language-nodejs:", err)
		os.Exit(1)
	}
}
