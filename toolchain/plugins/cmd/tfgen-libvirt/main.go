// tfgen-libvirt writes the Pulumi schema of the libvirt provider. See toolchain/generate.sh.
package main

import (
	"edgelab/toolchain/plugins/libvirt"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
)

func main() { tfgen.Main("libvirt", libvirt.Version, libvirt.Provider()) }
