// pulumi-resource-libvirt is the Pulumi plugin for libvirt.
package main

import (
	"edgelab/toolchain/plugins/libvirt"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

func main() {
	tfbridge.Main("libvirt", libvirt.Version, libvirt.Provider(), libvirt.Schema)
}
