package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	stdlog "log"
	"os"
	"strings"
	"sync"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/ending"
	"github.com/apiphant/apiphant/internal/logging"
	"github.com/apiphant/apiphant/internal/runtimeapi"
	"github.com/apiphant/apiphant/lambda"
	"github.com/apiphant/apiphant/program"
)

// Lambda kills an instance 500 ms after it has told it to end.
const (
	idleWait = 100 * time.Millisecond // for an event that is being answered
	stopTime = 350 * time.Millisecond // for the product's Stop
)

// session is a product while its events are answered.
type session struct {
	program.Product
	settings *Settings
	log      *logging.Log
	handler  *lambda.Handler
	running  sync.RWMutex // held by events for reading, by the end for writing
}

// run answers events until ctx or the process is told to end.
func (d Door) run(ctx context.Context, p program.Product, settings *Settings, stderr io.Writer) (err error) {
	ctx, end := command.UntilSignal(ctx, true)
	defer end(nil)
	log, err := logging.Settings{Form: settings.Log}.Open(ctx, stderr)
	if err != nil {
		return initError(ctx, err)
	}
	defer func() { err = log.Close(err) }()
	defer log.TakeOver()()
	s := &session{Product: p, settings: settings, log: log, handler: d.handler(p, settings, log)}
	return s.run(apiphant.WithLog(ctx, log.Logger))
}

func (s *session) run(ctx context.Context) error {
	ctx, closeDatabase, err := s.open(ctx)
	if err := initError(ctx, err); err != nil {
		return err
	}
	defer ending.Close(closeDatabase)
	go s.answer(ctx)
	go s.warm(ctx)
	<-ctx.Done()
	return s.stop(ctx)
}

// open does all that may fail before the first event. It returns the context to call
// functions with.
func (s *session) open(ctx context.Context) (_ context.Context, closeDatabase func(), err error) {
	s.settings.apply(s.API)
	if err := s.API.Check(); err != nil {
		return ctx, nil, err
	}
	if set := meaningless(); len(set) > 0 {
		s.log.Warn("Settings that have no effect on AWS Lambda: " + strings.Join(set, ", "))
	}
	ctx, closeDatabase, err = s.OpenDatabase(ctx, s.settings.Database, s.settings.Migrate)
	if err != nil {
		return ctx, nil, err
	}
	if err = addBackground(ctx, s.handler, s.Product); err == nil {
		if err = s.Start(ctx); err != nil {
			err = startError{err}
		}
	}
	if err != nil {
		ending.Close(closeDatabase)
		return ctx, nil, err
	}
	return ctx, closeDatabase, nil
}

// answer asks Lambda for events for ever. Where it is not answered, the process ends
// with status 1: the instance is lost. The contexts of events do not end with ctx, since
// one that is being answered may still be.
func (s *session) answer(ctx context.Context) {
	options := []runtime.Option{runtime.WithContext(context.WithoutCancel(ctx))}
	if s.API.Stop != nil {
		options = append(options, runtime.WithEnableSIGTERM())
	}
	switch {
	case s.settings.Streams:
		runtime.StartWithOptions(s.stream, options...)
	case lambdacontext.MaxConcurrency() > 1:
		runtime.StartWithOptions(s, options...)
	}
	runtime.NewHandlerWithOptions(s, options...) // which asks for SIGTERM
	stdlog.Fatal(runtimeapi.Serve(context.WithoutCancel(ctx), os.Getenv(runtimeVariable), s.Invoke))
}

// warm prepares, while the program asks for its first event, what every event needs.
func (s *session) warm(ctx context.Context) {
	_, _ = s.handler.Invoke(ctx, []byte(`{"warmer":true}`)) // which does nothing else
}

// Invoke answers one event, and sees to it that the log has all of it before the answer
// is sent: Lambda freezes the process next.
func (s *session) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	s.running.RLock()
	defer s.running.RUnlock()
	defer s.log.Sync()
	answer, err := s.handler.Invoke(ctx, payload)
	return answer, eventError(err)
}

// stream is Invoke for answers that are streamed.
func (s *session) stream(ctx context.Context, payload json.RawMessage) (*stream, error) {
	s.running.RLock()
	answer, err := s.handler.Stream(ctx, payload)
	if err != nil {
		s.log.Sync()
		s.running.RUnlock()
		return nil, eventError(err)
	}
	return &stream{answer, s}, nil
}

// stream is an answer that ends its event when it is closed.
type stream struct {
	*lambda.Stream
	session *session
}

func (s *stream) Close() error {
	err := s.Stream.Close()
	s.session.log.Sync()
	s.session.running.RUnlock()
	return err
}

// stop calls the product's Stop when no event is being answered, or soon.
func (s *session) stop(ctx context.Context) error {
	stopped := make(chan error, 1)
	go func() {
		idle := make(chan struct{})
		go func() { s.running.Lock(); close(idle) }()
		select {
		case <-idle:
		case <-time.After(idleWait):
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		stopped <- s.Stop(ctx)
	}()
	select {
	case err := <-stopped:
		return err
	case <-time.After(idleWait + stopTime):
		return fmt.Errorf("the function Stop did not return within %s", stopTime)
	}
}
