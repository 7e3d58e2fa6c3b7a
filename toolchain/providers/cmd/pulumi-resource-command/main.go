package main

import (
	"context"
	"fmt"
	"os"

	"edgelab/toolchain/providers/command"

	"github.com/pulumi/pulumi-go-provider/infer"
)

func main() {
	p, err := infer.NewProviderBuilder().WithResources(infer.Resource(command.Command{})).WithNamespace("pulumi").Build()
	if err == nil {
		err = p.Run(context.Background(), "command", "1.2.1")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
