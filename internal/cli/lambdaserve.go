package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/internal/lambdaemulator"
	"github.com/apiphant/apiphant/internal/product"
	"github.com/apiphant/apiphant/server"
)

// programs are the product's programs, each in a folder of its own, as Lambda has them:
// that is where they run.
type programs struct {
	dir    string
	number int
}

func newPrograms() (*programs, error) {
	dir, err := os.MkdirTemp("", "apiphant-lambda-")
	return &programs{dir: dir}, err
}

func (p *programs) remove() { _ = os.RemoveAll(p.dir) }

// build builds the product's program for Lambda, and returns its path.
func (p *programs) build(cmd *cobra.Command, found *product.Product) (string, error) {
	for _, warning := range found.Warnings {
		fmt.Fprintln(cmd.ErrOrStderr(), "Warning: "+warning)
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	binary, err := found.Build(ctx, product.BuildOptions{Lambda: true, Progress: cmd.ErrOrStderr()})
	if err != nil {
		return "", err
	}
	p.number++
	dir := filepath.Join(p.dir, strconv.Itoa(p.number))
	if err := os.Mkdir(dir, 0o777); err != nil {
		return "", err
	}
	program := filepath.Join(dir, "bootstrap")
	return program, os.Symlink(binary, program)
}

// lambdaServer runs a product as Lambda does, behind an address.
type lambdaServer struct {
	cmd      *cobra.Command
	product  *product.Product
	programs *programs
	function *lambdaemulator.Function
	http     *http.Server
	flags    *lambdaFlags
	stderr   io.Writer
}

// serveLambda runs the product until a signal. It returns when calls that run have ended,
// or at a second signal.
func serveLambda(cmd *cobra.Command, path, address string, f *lambdaFlags) error {
	found, err := product.Find(path)
	if err != nil {
		return err
	}
	ln, err := server.Listen(address)
	if err != nil {
		return err
	}
	defer ln.Close()
	s := &lambdaServer{cmd: cmd, product: found, flags: f, stderr: cmd.ErrOrStderr()}
	if s.programs, err = newPrograms(); err != nil {
		return err
	}
	defer s.programs.remove()
	f.function.Log = s.stderr
	s.function = lambdaemulator.New(f.function)
	s.http = lambdaemulator.NewHandler(s.function, f.gateway).Server()
	s.http.BaseContext = func(net.Listener) context.Context { return context.WithoutCancel(cmd.Context()) }

	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	if err := s.run(ln, signals); err != nil {
		return err
	}
	return s.stop(signals)
}

// run serves until a signal.
func (s *lambdaServer) run(ln net.Listener, signals <-chan os.Signal) error {
	ctx, cancel := context.WithCancel(s.cmd.Context())
	defer cancel()
	var changes <-chan struct{}
	if s.flags.reload {
		var err error
		if changes, err = s.product.Watch(ctx, s.flags.poll); err != nil {
			return fmt.Errorf("--reload: %w", err)
		}
	}
	if err := s.rebuild(); err != nil && !s.flags.reload {
		return err
	} else if err != nil {
		fmt.Fprintf(s.stderr, "%v\nWaiting for a change.\n", err)
	}
	s.greet(ln.Addr().String())
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(ln) }()
	for {
		select {
		case <-changes:
			s.reload()
		case err := <-served:
			return err
		case <-ctx.Done():
			return nil
		case <-signals:
			return nil
		}
	}
}

// rebuild lets calls from now on run the product as its files are now.
func (s *lambdaServer) rebuild() error {
	found, err := product.Load(s.product.Dir)
	if err != nil {
		s.function.NotReady(err)
		return err
	}
	binary, err := s.programs.build(s.cmd, found)
	if err != nil {
		s.function.NotReady(err)
		return err
	}
	s.function.Use(binary)
	return nil
}

// reload is rebuild after a file was saved.
func (s *lambdaServer) reload() {
	switch err := s.rebuild(); {
	case errors.Is(err, context.Canceled): // a signal, which run sees, too
	case err != nil:
		fmt.Fprintf(s.stderr, "%v\nThe program that was built last goes on.\n", err)
	default:
		fmt.Fprintf(s.stderr, "%s is reloaded.\n", s.product.Name)
	}
}

// greet says what is where.
func (s *lambdaServer) greet(address string) {
	f := s.flags.function
	fmt.Fprintf(s.stderr, "Lambda function %s is at http://%s behind %s: %s, %d MB, %d instances.\nAWS's tools call it with --endpoint-url http://%s --region %s --function-name %s.\n",
		f.Name, address, s.flags.gateway, f.Timeout, f.Memory, f.Instances, address, f.Region, f.Name)
}

// stop lets no more calls begin, and waits for those that run.
func (s *lambdaServer) stop(signals <-chan os.Signal) error {
	fmt.Fprintf(s.stderr, "Stopping %s; a second signal kills it.\n", s.product.Name)
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.cmd.Context()))
	defer cancel()
	go func() {
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := s.http.Shutdown(ctx)
	if failed := s.function.Close(ctx); failed != nil {
		err = errors.New("calls that ran were killed")
	}
	return errors.Join(err, s.http.Close())
}
