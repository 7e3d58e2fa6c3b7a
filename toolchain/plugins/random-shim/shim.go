// Package shim gives out the provider that its own module keeps internal. The module path of
// this directory lies under that module's path, which is what Go's internal rule asks for.
package shim

import (
	"github.com/hashicorp/terraform-plugin-framework/provider"
	random "github.com/terraform-providers/terraform-provider-random/internal/provider"
)

// Provider returns the Terraform provider for random values.
func Provider() provider.Provider { return random.New() }
