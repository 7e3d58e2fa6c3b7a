package local

import (
	"context"
	"os"

	"edgelab/toolchain/plugins/process"

	provider "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// Run is a function that runs a command at every preview and update.
type Run struct{}

// RunInputs are its arguments.
type RunInputs struct {
	Settings
	Command string `pulumi:"command"`
}

// RunOutputs are its results.
type RunOutputs struct {
	RunInputs
	Outputs
}

// Invoke runs the command.
func (Run) Invoke(
	ctx context.Context, request infer.FunctionRequest[RunInputs],
) (infer.FunctionResponse[RunOutputs], error) {
	result := RunOutputs{RunInputs: request.Input}
	err := run(ctx, request.Input.Command, request.Input.Settings, &result.Outputs)
	return infer.FunctionResponse[RunOutputs]{Output: result}, err
}

// run runs a command; out holds the previous run's outputs and gets those of this one.
func run(ctx context.Context, command string, settings Settings, out *Outputs) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	if settings.Dir != nil {
		dir = *settings.Dir
	}
	lines, finish := logTo(ctx)
	running := process.Command{
		Args: append(interpreter(settings.Interpreter), command),
		Dir:  dir,
		Env:  environment(settings, out),
	}
	if settings.Stdin != nil {
		running.Stdin = *settings.Stdin
	}
	if settings.Logging.shows(LogStdout) {
		running.OnStdout = lines
	}
	if settings.Logging.shows(LogStderr) {
		running.OnStderr = lines
	}
	result, err := process.Run(ctx, running)
	finish()
	if err != nil {
		return err
	}
	if err := out.collectFiles(dir, settings); err != nil {
		return err
	}
	out.Stdout, out.Stderr = result.Stdout, result.Stderr
	return nil
}

func interpreter(chosen *[]string) []string {
	if chosen != nil && len(*chosen) > 0 {
		return append([]string(nil), *chosen...)
	}
	return []string{"/bin/sh", "-c"}
}

func environment(settings Settings, previous *Outputs) []string {
	variables := os.Environ()
	if settings.Environment != nil {
		for name, value := range *settings.Environment {
			variables = append(variables, name+"="+value)
		}
	}
	if settings.AddPreviousOutputInEnv != nil && !*settings.AddPreviousOutputInEnv {
		return variables
	}
	if previous.Stdout != "" {
		variables = append(variables, "PULUMI_COMMAND_STDOUT="+previous.Stdout)
	}
	if previous.Stderr != "" {
		variables = append(variables, "PULUMI_COMMAND_STDERR="+previous.Stderr)
	}
	return variables
}

// logTo returns a function that shows a line beside the resource, and one that returns when all
// of them are shown. The queue keeps a slow engine from slowing the command down.
func logTo(ctx context.Context) (line func(string), finish func()) {
	logger := provider.GetLogger(ctx)
	queue, done := make(chan string, 1000), make(chan struct{})
	go func() {
		defer close(done)
		for text := range queue {
			logger.InfoStatus(text)
		}
	}()
	return func(text string) { queue <- text }, func() { close(queue); <-done }
}
