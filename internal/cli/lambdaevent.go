package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/lambdaemulator"
	"github.com/apiphant/apiphant/internal/product"
)

// answerEvent calls the function once, and prints its answer.
func answerEvent(cmd *cobra.Command, path string, f *lambdaFlags) error {
	event, err := readEvent(cmd.InOrStdin(), f.event)
	if err != nil {
		return err
	}
	found, err := product.Load(path)
	if err != nil {
		return err
	}
	programs, err := newPrograms()
	if err != nil {
		return err
	}
	defer programs.remove()
	binary, err := programs.build(cmd, found)
	if err != nil {
		return err
	}
	f.function.Log = cmd.ErrOrStderr()
	function := lambdaemulator.New(f.function)
	function.Use(binary)
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	cut := context.AfterFunc(ctx, func() { _ = function.Close(ctx) }) // which kills the call
	defer cut()
	result, err := function.Invoke(lambdaemulator.Call{ID: lambdaemulator.NewID(), TraceID: lambdaemulator.NewTraceID(), Payload: event})
	if err != nil {
		return err
	}
	if err := function.Close(ctx); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s\n", result.Payload)
	if result.Failed || saysFailure(result.Payload) {
		return command.ExitStatus(command.ExitFailure)
	}
	return nil
}

// readEvent reads an event of a file, or of in where that is "-".
func readEvent(in io.Reader, name string) ([]byte, error) {
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	event, err := io.ReadAll(io.LimitReader(in, lambdaemulator.MaxPayload+1))
	switch {
	case err != nil:
		return nil, err
	case len(event) > lambdaemulator.MaxPayload:
		return nil, fmt.Errorf("--event %s: it has more than the %d bytes that Lambda takes", name, lambdaemulator.MaxPayload)
	}
	var value any
	if err := json.Unmarshal(event, &value); err != nil {
		return nil, errors.Join(fmt.Errorf("--event %s: it is no JSON: %w", name, err), errors.New("apiphant lambda --sample api-2.0 prints an event, and --sample the names of more"))
	}
	return event, nil
}

// saysFailure reports whether an answer is one to a request that failed, or has messages
// that did.
func saysFailure(answer []byte) bool {
	var said struct {
		StatusCode int               `json:"statusCode"`
		Failures   []json.RawMessage `json:"batchItemFailures"`
	}
	return json.Unmarshal(answer, &said) == nil && (said.StatusCode >= 400 || len(said.Failures) > 0)
}
