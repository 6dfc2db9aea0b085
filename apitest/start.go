package apitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant/internal/product"
)

// How long Start waits.
const (
	buildTimeout = 10 * time.Minute // of a first build, on a small machine
	startTimeout = time.Minute
	stopTimeout  = 15 * time.Second // then it is killed
)

// Start builds the product in folder dir, or in the nearest folder above it that
// has an api folder, and serves it on a free port of 127.0.0.1. It runs as a
// process of its own, with the environment of the test. When the test has ended,
// the process gets SIGTERM; where the test failed, its log is added to the test's.
// Any error on the way fails the test.
//
// On Linux the process ends with the test's process, also where that is killed.
func Start(t testing.TB, dir string) *Server {
	t.Helper()
	binary, source, err := build(dir)
	if err != nil {
		t.Fatalf("can't build the product:\n%v", err)
	}
	p, err := serve(binary, source, startTimeout)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := p.stop(stopTimeout); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the product's log:\n%s", p.log.String())
		}
	})
	return &Server{
		Client: Client{Host: p.host, Port: p.port, transport: transport},
		URL:    p.url(),
		t:      t,
	}
}

func build(dir string) (binary, source string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), buildTimeout)
	defer cancel()
	found, err := product.Load(productFolder(dir))
	if err != nil {
		return "", "", err
	}
	binary, err = found.Build(ctx, product.BuildOptions{})
	return binary, found.Dir, err
}

// productFolder returns dir, or the nearest folder above it, that has an api
// folder with a version in it. Where none has, it returns dir: loading the product
// then fails.
func productFolder(dir string) string {
	folder, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	for {
		if versions, _ := filepath.Glob(filepath.Join(folder, "api", "v[0-9]*")); len(versions) > 0 {
			return folder
		}
		if folder == filepath.Dir(folder) {
			return dir
		}
		folder = filepath.Dir(folder)
	}
}

// process is a running product.
type process struct {
	command *exec.Cmd
	host    string
	port    int
	log     *output
	ended   chan struct{} // closed when err is set
	err     error         // how it ended
}

// serve starts the binary and returns when it answers requests.
func serve(binary, source string, limit time.Duration) (*process, error) {
	p := &process{
		log:   &output{address: make(chan []string, 1)},
		ended: make(chan struct{}),
	}
	p.command = command(binary, source, p.log)
	if err := p.start(); err != nil {
		return nil, fmt.Errorf("can't start the product: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- p.await(ctx) }()
	select {
	case err := <-answered:
		if err == nil {
			return p, nil
		}
		select { // a Start that failed closes the connection, and then ends the product
		case <-p.ended:
		case <-time.After(time.Second):
		}
	case <-p.ended:
	}
	if ended := p.stop(time.Second); ctx.Err() == nil {
		return nil, fmt.Errorf("the product did not begin to serve: %w; its log:\n%s", ended, p.log)
	}
	return nil, fmt.Errorf("the product did not begin to serve within %s; its log:\n%s", limit, p.log)
}

// command returns the command that serves on a free port and writes its log to log.
func command(binary, source string, log io.Writer) *exec.Cmd {
	c := exec.Command(binary, "serve", "127.0.0.1:0", "--source", source, "--log", "text", "--drain-window", "0")
	c.Env = slices.DeleteFunc(os.Environ(), func(setting string) bool { // of whoever runs the tests, not the product's
		return strings.HasPrefix(setting, "LISTEN_") || strings.HasPrefix(setting, "NOTIFY_SOCKET=")
	})
	c.Stdout, c.Stderr = log, log
	c.SysProcAttr = endWithParent()
	c.WaitDelay = time.Second // for what the product's own children still hold open
	return c
}

// await returns when the product answers requests. Its log says at which address
// when its Start has returned.
func (p *process) await(ctx context.Context) error {
	select {
	case address := <-p.log.address:
		p.host = address[0]
		p.port, _ = strconv.Atoi(address[1]) // digits
	case <-ctx.Done():
		return ctx.Err()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url()+"/healthz", nil)
	if err != nil {
		return err
	}
	answer, err := Client{}.http().Do(r)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func (p *process) url() string { return fmt.Sprintf("http://%s:%d", p.host, p.port) }

// start runs the process from a thread that lives as long as the process: on
// Linux, endWithParent means the end of the thread that started it.
func (p *process) start() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.command.Start()
		started <- err
		if err == nil {
			p.err = p.command.Wait()
			close(p.ended)
		}
	}()
	return <-started
}

// stop sends SIGTERM, and kills the process where that takes longer than limit. It
// is an error if the process had ended already, or exits with another status than 0.
func (p *process) stop(limit time.Duration) error {
	late := time.NewTimer(limit)
	defer late.Stop()
	told := p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-late.C:
		_ = p.command.Process.Kill()
		<-p.ended
		return fmt.Errorf("the product did not end within %s of SIGTERM, and was killed", limit)
	}
	switch {
	case p.err != nil:
		return fmt.Errorf("the product ended with a failure: %w", p.err)
	case told != nil:
		return errors.New("the product ended by itself")
	}
	return nil
}

// output keeps what a product writes, and finds the address that it serves.
type output struct {
	address chan []string // host and port

	mu    sync.Mutex
	text  bytes.Buffer
	found bool
}

var serving = regexp.MustCompile(`(?m)^Apiphant is serving .* at http://([0-9.]+):([0-9]+)/api$`)

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if !o.found {
		if match := serving.FindStringSubmatch(o.text.String()); match != nil {
			o.found = true
			o.address <- match[1:]
		}
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
