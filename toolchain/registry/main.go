// The container registry for hosts whose distribution does not package it: the distribution project's own program
// with the file system as its only storage. Upstream's main also links every cloud's client libraries.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	if err := registry.RootCmd.Execute(); err != nil {
		os.Exit(1)
	}
}
