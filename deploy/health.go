package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// healthTimeout is how long a program may take from its start until it is healthy.
const healthTimeout = 30 * time.Second

// awaitHealthy waits until /healthz at an address answers 200 and state reports
// that the program is no longer starting. Without an address it asks state alone.
// An error of state ends the wait.
func (d *Deployment) awaitHealthy(ctx context.Context, address string, state func(context.Context) (starting bool, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	last := errors.New("it is still starting")
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		starting, err := state(ctx)
		if err != nil && ctx.Err() == nil {
			return err
		}
		if !starting {
			if address == "" {
				return nil
			}
			if last = askHealth(ctx, address); last == nil {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("it is not healthy after %s: %w", healthTimeout, last)
		}
	}
}

// reachable returns the address to connect to for an address that a server listens
// at, which may be unspecified (0.0.0.0, ::).
func reachable(address string) string {
	host, port, _ := net.SplitHostPort(address)
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.To4() == nil {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port)
}

func askHealth(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(address)+"/healthz", nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // without a proxy, and without an idle connection that would delay draining
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(answer.Body, 500))
		return fmt.Errorf("/healthz answers %s %s", answer.Status, body)
	}
	return nil
}

// quickTest runs the product's quick-test.sh, if there is one, against the process
// at an address, or through nginx if the address is "". It returns the output.
func (d *Deployment) quickTest(ctx context.Context, address string) (said string, err error) {
	script, err := filepath.Abs(filepath.Join(d.product, "quick-test.sh"))
	if err != nil {
		return "", err
	}
	if !exists(script) {
		return "the product has no quick-test.sh", nil
	}
	command := exec.CommandContext(ctx, script)
	if address != "" {
		command.Args = append(command.Args, "http://"+reachable(address))
	}
	command.Env = os.Environ()
	command.WaitDelay = time.Second
	written, err := command.CombinedOutput()
	said = lastLines(string(written), 10)
	if err != nil {
		return said, fmt.Errorf("quick-test.sh: %w: %s", err, said)
	}
	return said, nil
}
