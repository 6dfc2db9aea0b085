package logging

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// slowOpen is after what time of waiting for the log file to open the program says so.
const slowOpen = time.Second

// openFirst opens the log file of a program that starts. A disk or a network that
// hangs can let that take for ever, so stderr hears what is waited for, and the end of
// ctx ends the wait.
func openFirst(ctx context.Context, path string, stderr io.Writer) (*os.File, error) {
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		file, err := openLogFile(path)
		done <- opened{file, err}
	}()
	slow := time.NewTimer(slowOpen)
	defer slow.Stop()
	for {
		select {
		case o := <-done:
			return o.file, o.err
		case <-slow.C:
			fmt.Fprintf(stderr, "Waiting for the log file %s to open\n", path)
		case <-ctx.Done():
			return nil, fmt.Errorf("open %s: it had not opened when the program was told to end", path)
		}
	}
}

// openLogFile opens the file at path to append to it. A FIFO must have a reader:
// without one, opening it would wait for as long as there is none.
func openLogFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Type() != fs.ModeNamedPipe {
		return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|nonBlocking, 0)
	if errors.Is(err, noReader) {
		return nil, fmt.Errorf("%w: it is a FIFO that nobody reads; start its reader first", err)
	}
	return file, err
}
