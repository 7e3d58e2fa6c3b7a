// Package shim exports the provider that its own module keeps internal. The module path of this
// directory is below that module's path, as Go's internal rule requires.
package shim

import (
	"github.com/hashicorp/terraform-plugin-framework/provider"
	random "github.com/terraform-providers/terraform-provider-random/internal/provider"
)

// Provider returns the Terraform provider for random values.
func Provider() provider.Provider { return random.New() }
