// tfgen-random writes the Pulumi schema of the random provider. See toolchain/generate.sh.
package main

import (
	"edgelab/toolchain/plugins/random"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"
)

func main() { tfgen.Main("random", random.Provider()) }
