// Package random bridges the Terraform provider for random values to Pulumi, for hosts that
// cannot download the plugin of @pulumi/random.
package random

import (
	_ "embed"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	terraform "github.com/terraform-providers/terraform-provider-random/shim"
)

// Version is the version of the npm package @pulumi/random that this plugin serves.
const Version = "4.21.2"

//go:embed schema.json
var schema []byte

//go:embed bridge-metadata.json
var metadata []byte

// Metadata is what toolchain/generate.sh writes beside this file.
func Metadata() pf.ProviderMetadata {
	return pf.ProviderMetadata{PackageSchema: schema, BridgeMetadata: metadata}
}

// Provider describes the bridged provider with the token names of @pulumi/random
// (random:index/randomPassword:RandomPassword).
func Provider() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:            pf.ShimProvider(terraform.Provider()),
		Name:         "random",
		Version:      Version,
		License:      "Apache-2.0",
		GitHubOrg:    "hashicorp",
		MetadataInfo: tfbridge.NewProviderMetadata(metadata),
	}
	info.MustComputeTokens(tokens.SingleModule("random_", "index", withRandomPrefix))
	return info
}

// withRandomPrefix makes random_password the type RandomPassword: upstream keeps the prefix
// that other bridged providers drop.
func withRandomPrefix(module, name string) (string, error) {
	return tokens.MakeStandard("random")(module, "Random"+name)
}
