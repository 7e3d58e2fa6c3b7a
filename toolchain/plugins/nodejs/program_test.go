package nodejs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

func request(t *testing.T, options map[string]any) *rpc.RunRequest {
	t.Helper()
	directory := t.TempDir()
	run := filepath.Join(directory, "node_modules/@pulumi/pulumi/cmd/run")
	program := filepath.Join(directory, "program")
	for _, path := range []string{run, program} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(run, "index.js"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	node := t.TempDir()
	if err := os.WriteFile(filepath.Join(node, "node"), []byte("#!/bin/sh\nexit $EXIT\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", node+":"+os.Getenv("PATH"))
	values, err := structpb.NewStruct(options)
	if err != nil {
		t.Fatal(err)
	}
	return &rpc.RunRequest{
		MonitorAddress: "monitor:1", Project: "lab", Stack: "dev", DryRun: true, Parallel: 4,
		Config: map[string]string{"edge-lab:app": `{"a":1}`}, ConfigSecretKeys: []string{"edge-lab:key"},
		Info: &rpc.ProgramInfo{
			RootDirectory: directory, ProgramDirectory: program, EntryPoint: "index.ts", Options: values,
		},
	}
}

func TestCommandLineAndEnvironment(t *testing.T) {
	asked := request(t, map[string]any{"typescript": false, "nodeargs": "--import tsx"})
	cmd, err := (&Host{Engine: "engine:2"}).program(asked)
	if err != nil {
		t.Fatal(err)
	}
	root := asked.Info.RootDirectory
	want := []string{
		"--import", "tsx", filepath.Join(root, "node_modules/@pulumi/pulumi/cmd/run/index.js"),
		"--monitor", "monitor:1", "--engine", "engine:2", "--project", "lab", "--root-directory", root,
		"--stack", "dev", "--parallel", "4", "--dry-run", "index.ts",
	}
	if got := cmd.Args[1:]; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for _, variable := range []string{
		`PULUMI_CONFIG={"edge-lab:app":"{\"a\":1}"}`, `PULUMI_CONFIG_SECRET_KEYS=["edge-lab:key"]`,
	} {
		if !slices.Contains(cmd.Env, variable) {
			t.Errorf("%s is not in the environment", variable)
		}
	}
	if slices.Contains(cmd.Env, "PULUMI_NODEJS_TYPESCRIPT=true") {
		t.Error("ts-node is used although typescript is false")
	}
	if cmd.Dir != asked.Info.ProgramDirectory {
		t.Errorf("runs in %s", cmd.Dir)
	}
}

func TestHowAProgramEnds(t *testing.T) {
	asked := request(t, nil)
	for _, test := range []struct {
		exit, message string
		bail          bool
	}{{"0", "", false}, {"32", "", true}, {"3", "exit status 3", false}} {
		t.Setenv("EXIT", test.exit)
		response, err := (&Host{}).Run(t.Context(), asked)
		if err != nil {
			t.Fatal(err)
		}
		if response.Bail != test.bail || !strings.Contains(response.Error, test.message) ||
			(response.Error == "") != (test.message == "") {
			t.Errorf("exit %s gave %v", test.exit, response)
		}
	}
}

func TestPackagesThatAreNotInstalled(t *testing.T) {
	asked := request(t, nil)
	asked.Info.ProgramDirectory = t.TempDir()
	response, err := (&Host{}).Run(t.Context(), asked)
	if err != nil || !strings.Contains(response.Error, "npm run setup") {
		t.Errorf("got %v, %v", response, err)
	}
}
