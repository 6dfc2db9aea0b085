package doortest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"testing"

	"github.com/apiphant/apiphant"
)

// addStreams adds functions that return sequences, and report what becomes of them.
func (l *live) addStreams(read func(string, apiphant.Action)) {
	rows := func(name string, rows func(ctx context.Context, yield func(counted, error) bool)) {
		read(name, apiphant.Stream(func(ctx context.Context, _ apiphant.Object) iter.Seq2[counted, error] {
			return func(yield func(counted, error) bool) { rows(ctx, yield) }
		}))
	}
	rows("rows", func(ctx context.Context, yield func(counted, error) bool) {
		for n := range 4 {
			if !yield(counted{N: n}, nil) {
				return
			}
			if n == 2 {
				continue // so that two rows come at once
			}
			select {
			case <-l.goOn: // the client has what was sent so far
			case <-ctx.Done():
			}
		}
	})
	rows("rows-gone", func(ctx context.Context, yield func(counted, error) bool) {
		if yield(counted{}, nil) {
			l.came <- "has a row"
		}
		<-ctx.Done()
		l.ends <- context.Cause(ctx)
	})
	rows("rows-for-ever", func(ctx context.Context, yield func(counted, error) bool) {
		for yield(counted{}, nil) {
		}
		l.ends <- context.Cause(ctx)
	})
	rows("rows-kept", func(_ context.Context, yield func(counted, error) bool) {
		yield(counted{}, nil)
		l.yield <- yield
	})
}

// rows: each row arrives while the function waits for the client to have it.
func (l *live) rows(t *testing.T, c client) {
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	answer, err := c.begin(ctx, post("rows", nil, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewReader(answer.Body)
	for _, want := range []string{`{"n":0}`, `{"n":1}`, `{"n":2}`, `{"n":3}`} {
		if line, err := lines.ReadString('\n'); err != nil || line != want+"\n" {
			t.Fatalf("got %q and %v while the function runs, want %s", line, err, want)
		}
		if want == `{"n":2}` {
			continue
		}
		select {
		case l.goOn <- struct{}{}:
		case <-ctx.Done():
			t.Fatal("the function does not run any more")
		}
	}
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("then %q and %v, want the end", rest, err)
	}
}

// rowsGone: a client that goes away ends a stream, also between two rows.
func (l *live) rowsGone(t *testing.T, c client) {
	for _, path := range []string{"rows-gone", "rows-for-ever"} {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		answer, err := c.begin(ctx, post(path, nil, 0))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(answer.Body, make([]byte, len("{\"n\":0}\n"))); err != nil {
			t.Fatal(err)
		}
		if path == "rows-gone" {
			receive(t, l.came, "the function to go on")
		}
		_ = answer.Body.Close()
		if cause := receive(t, l.ends, "the end of "+path); !errors.Is(cause, apiphant.ErrClientGone) {
			t.Errorf("%s: the context's cause is %v, want %v", path, cause, apiphant.ErrClientGone)
		}
	}
}

// rowsKept: yield is of no use after the call, and does no harm.
func (l *live) rowsKept(t *testing.T, c client) {
	got := make(chan error, 1)
	go func() {
		answer, err := ask(t.Context(), c, post("rows-kept", nil, 0))
		if err == nil && (answer.broken || string(answer.body) != "{\"n\":0}\n") {
			err = errors.New("the answer is " + string(answer.body))
		}
		got <- err
	}()
	yield := receive(t, l.yield, "the function to run")
	if err := receive(t, got, "the answer"); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if yield(counted{N: 1}, nil) {
			t.Error("yield returned true after the call")
		}
	}
}
