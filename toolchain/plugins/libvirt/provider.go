// Package libvirt bridges the Terraform provider for libvirt to Pulumi. Upstream retired its
// @pulumi/libvirt package and plugin, so both are made here from the same Terraform provider.
package libvirt

import (
	_ "embed"

	terraform "github.com/dmacvicar/terraform-provider-libvirt/libvirt"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
)

// Version is the version of the Terraform provider, which go.mod pins. The generated SDK asks
// the engine for a plugin of this version.
const Version = "0.8.3"

// Schema is the Pulumi schema that toolchain/generate.sh writes.
//
//go:embed schema.json
var Schema []byte

//go:embed bridge-metadata.json
var metadata []byte

// Provider describes the bridged provider: every Terraform resource and data source, under the
// token names that upstream's package used (libvirt:index/domain:Domain).
func Provider() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:                 shim.NewProvider(forDayTwo(terraform.Provider(), dial, alive)),
		Name:              "libvirt",
		Version:           Version,
		License:           "Apache-2.0",
		TFProviderLicense: tfbridge.SetProviderLicense(tfbridge.Apache20LicenseType),
		GitHubOrg:         "dmacvicar",
		MetadataInfo:      tfbridge.NewProviderMetadata(metadata),
		JavaScript: &tfbridge.JavaScriptInfo{
			PackageName:          "@pulumi/libvirt",
			RespectSchemaVersion: true,
		},
	}
	info.MustComputeTokens(tokens.SingleModule("libvirt_", "index", tokens.MakeStandard("libvirt")))
	return info
}
