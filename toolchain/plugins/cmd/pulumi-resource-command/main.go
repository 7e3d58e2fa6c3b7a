// pulumi-resource-command is the Pulumi plugin for commands, for hosts that cannot download the
// one of @pulumi/command: only its local part, which the lab uses.
package main

import (
	"context"
	"fmt"
	"os"

	"edgelab/toolchain/plugins/local"
	"edgelab/toolchain/plugins/process"

	provider "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// version is the version of the npm package @pulumi/command that this plugin serves.
const version = "1.2.1"

func main() {
	if process.IsGuard(os.Args) {
		process.Guard()
		return
	}
	process.ExitWithParent()
	server := infer.Provider(infer.Options{
		Resources: []infer.InferredResource{infer.Resource(local.Command{})},
		Functions: []infer.InferredFunction{infer.Function(local.Run{})},
	})
	if err := provider.RunProvider(context.Background(), "command", version, server); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-command:", err)
		os.Exit(1)
	}
}
