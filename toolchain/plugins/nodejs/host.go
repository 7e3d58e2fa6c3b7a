// Package nodejs is a language host for Pulumi programs in TypeScript: it starts Node with the
// program in @pulumi/pulumi for that purpose (cmd/run), and reports how it ended.
//
// The last upstream host that can be built from modules is v3.68.0. It does not understand the
// runtime options of Pulumi.yaml from today's engine, so ts-node checks all types at every run;
// it searches all directories of the project, including the lab's state; and it stays for five
// minutes when the engine is killed.
package nodejs

import (
	"context"
	"errors"
	"os/exec"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// actionableExit is the exit code of cmd/run after an error that it has already shown.
const actionableExit = 32

// Host serves one engine.
type Host struct {
	rpc.UnimplementedLanguageRuntimeServer

	// Engine is the engine's address.
	Engine string
	// Version is the version that it reports.
	Version string
}

// Serve prints the port that it listens on, as plugins do, and serves until the program ends.
func Serve(host *Host, announce func(port int)) error {
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(server *grpc.Server) error {
			rpc.RegisterLanguageRuntimeServer(server, host)
			return nil
		},
	})
	if err != nil {
		return err
	}
	announce(handle.Port)
	return <-handle.Done
}

// Run runs the program and returns when it has ended.
func (h *Host) Run(ctx context.Context, request *rpc.RunRequest) (*rpc.RunResponse, error) {
	cmd, err := h.program(request)
	if err != nil {
		return &rpc.RunResponse{Error: err.Error()}, nil
	}
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &rpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == actionableExit:
		return &rpc.RunResponse{Bail: true}, nil
	default:
		return &rpc.RunResponse{Error: "the program failed: " + err.Error()}, nil
	}
}

// GetRequiredPackages names none: Pulumi.yaml says where the plugins are.
func (h *Host) GetRequiredPackages(
	context.Context, *rpc.GetRequiredPackagesRequest,
) (*rpc.GetRequiredPackagesResponse, error) {
	return &rpc.GetRequiredPackagesResponse{}, nil
}

// GetPluginInfo says which version this is.
func (h *Host) GetPluginInfo(context.Context, *emptypb.Empty) (*rpc.PluginInfo, error) {
	return &rpc.PluginInfo{Version: h.Version}, nil
}

// About tells `pulumi about` which Node runs programs.
func (h *Host) About(context.Context, *rpc.AboutRequest) (*rpc.AboutResponse, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, err
	}
	version, err := exec.Command(node, "--version").Output()
	if err != nil {
		return nil, err
	}
	return &rpc.AboutResponse{Executable: node, Version: strings.TrimSpace(string(version))}, nil
}

// GetProgramDependencies is also for `pulumi about`; package-lock.json has better answers.
func (h *Host) GetProgramDependencies(
	context.Context, *rpc.GetProgramDependenciesRequest,
) (*rpc.GetProgramDependenciesResponse, error) {
	return &rpc.GetProgramDependenciesResponse{}, nil
}

// InstallDependencies refuses: the toolchain's setup installs them.
func (h *Host) InstallDependencies(
	*rpc.InstallDependenciesRequest, grpc.ServerStreamingServer[rpc.InstallDependenciesResponse],
) error {
	return errors.New("run `npm run setup` instead")
}
