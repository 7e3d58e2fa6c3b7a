// pulumi-resource-libvirt is the Pulumi plugin for libvirt.
package main

import (
	"edgelab/toolchain/plugins/libvirt"
	"edgelab/toolchain/plugins/process"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

func main() {
	process.ExitWithParent()
	tfbridge.Main("libvirt", libvirt.Version, libvirt.Provider(), libvirt.Schema)
}
