// pulumi-resource-random is the Pulumi plugin for random values.
package main

import (
	"context"

	"edgelab/toolchain/plugins/process"
	"edgelab/toolchain/plugins/random"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
)

func main() {
	process.ExitWithParent()
	tfbridge.Main(context.Background(), "random", random.Provider(), random.Metadata())
}
