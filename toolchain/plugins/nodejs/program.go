package nodejs

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// program is the command line and the environment that cmd/run of @pulumi/pulumi expects.
func (h *Host) program(request *rpc.RunRequest) (*exec.Cmd, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("node is not on PATH: %w", err)
	}
	directory := request.GetInfo().GetProgramDirectory()
	run, err := findRun(directory)
	if err != nil {
		return nil, err
	}
	// A stack without configuration: {} and [], because the SDK cannot read the null that Go writes for nil.
	values, secrets := request.GetConfig(), request.GetConfigSecretKeys()
	if values == nil {
		values = map[string]string{}
	}
	if secrets == nil {
		secrets = []string{}
	}
	config, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	secretKeys, err := json.Marshal(secrets)
	if err != nil {
		return nil, err
	}
	options := request.GetInfo().GetOptions().AsMap()
	cmd := exec.Command(node, h.arguments(request, nodeArguments(options), run)...)
	cmd.Dir = directory
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(),
		"PULUMI_CONFIG="+string(config),
		"PULUMI_CONFIG_SECRET_KEYS="+string(secretKeys),
	)
	if typescript, given := options["typescript"].(bool); typescript || !given {
		cmd.Env = append(cmd.Env, "PULUMI_NODEJS_TYPESCRIPT=true")
	}
	return cmd, nil
}

// findRun looks for cmd/run as Node would, from the program's directory upwards.
func findRun(directory string) (string, error) {
	for at := directory; ; at = filepath.Dir(at) {
		run := filepath.Join(at, "node_modules/@pulumi/pulumi/cmd/run/index.js")
		if _, err := os.Stat(run); err == nil {
			return run, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("@pulumi/pulumi is not installed in %s or above: run `npm run setup`", directory)
		}
	}
}

// nodeArguments is the option nodeargs of Pulumi.yaml, split at spaces.
func nodeArguments(options map[string]any) []string {
	text, _ := options["nodeargs"].(string)
	return strings.Fields(text)
}

func (h *Host) arguments(request *rpc.RunRequest, nodeArguments []string, run string) []string {
	arguments := append(nodeArguments, run)
	for _, flag := range [][2]string{
		{"monitor", request.GetMonitorAddress()},
		{"engine", h.Engine},
		{"organization", request.GetOrganization()},
		{"project", request.GetProject()},
		{"root-directory", request.GetInfo().GetRootDirectory()},
		{"stack", request.GetStack()},
		{"pwd", request.GetPwd()},
		{"parallel", strconv.Itoa(int(request.GetParallel()))},
	} {
		if flag[1] != "" {
			arguments = append(arguments, "--"+flag[0], flag[1])
		}
	}
	if request.GetDryRun() {
		arguments = append(arguments, "--dry-run")
	}
	arguments = append(arguments, request.GetInfo().GetEntryPoint())
	return append(arguments, request.GetArgs()...)
}
