package enginetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

const (
	processURL  = "APIPHANT_TEST_URL"
	processFile = "APIPHANT_TEST_FILE"
)

// Process returns a command that runs this test program once more, as a worker on a
// database; see [WorkInProcess]. It is killed when the test program ends.
func Process(url, file string) *exec.Cmd {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), processURL+"="+url, processFile+"="+file)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return command
}

// HearsSIGTERM is the first line that a process writes to standard error: from then on
// SIGTERM ends its work, and before that the process.
const HearsSIGTERM = "SIGTERM ends the work"

// WorkInProcess calls work until SIGTERM, and reports true, if this program was started
// by [Process]. TestMain calls it first. file is where work writes what it has done,
// which no database takes away.
func WorkInProcess(work func(ctx context.Context, url, file string) error) bool {
	url := os.Getenv(processURL)
	if url == "" {
		return false
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	fmt.Fprintln(os.Stderr, HearsSIGTERM)
	err := work(ctx, url, os.Getenv(processFile))
	if err != nil && ctx.Err() == nil { // else it was told to end before it had begun
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}
