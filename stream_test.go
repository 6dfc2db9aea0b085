package apiphant_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apiphant/apiphant"
)

// row is a row of a stream.
type row struct {
	N int `json:"n"`
}

func (r row) EventID() string { return fmt.Sprint(r.N) }

// lines is a door whose ResponseWriter notes what is sent, and when.
type lines struct {
	*memory

	mu      sync.Mutex
	began   time.Time
	held    string
	sent    []string // "250ms {"n":1}\n"
	broken  bool     // writes fail
	started bool
	aborted bool
	rows    int64
	gone    func()
}

func newLines(accept string) *lines {
	return &lines{memory: newMemory("POST", http.Header{"Accept": {accept}}, "{}"), began: time.Now()}
}

func (l *lines) ResponseWriter() http.ResponseWriter { return linesWriter{l} }
func (l *lines) Started() bool                       { return l.started }
func (l *lines) Abort()                              { l.aborted = true }
func (l *lines) CountRows(rows int64)                { l.rows = rows }
func (l *lines) WatchClient(gone func())             { l.gone = gone }

// linesWriter is the ResponseWriter of lines.
type linesWriter struct{ *lines }

func (l linesWriter) Header() http.Header { return l.answer.Header() }
func (l linesWriter) WriteHeader(int)     {}

func (l linesWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken {
		return 0, errors.New("broken pipe")
	}
	l.held += string(p)
	return len(p), nil
}

func (l linesWriter) FlushError() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.started = true
	l.sent = append(l.sent, fmt.Sprint(time.Since(l.began), " ", l.held))
	l.held = ""
	return nil
}

// all returns what was sent, with what is sent at the end of the call.
func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held != "" {
		return append(l.sent, "end "+l.held)
	}
	return l.sent
}

// stream calls a function that returns a sequence, in a bubble of its own.
func stream(t *testing.T, api *apiphant.API, door *lines, parent context.Context, rows func(ctx context.Context, yield func(row, error) bool)) {
	t.Helper()
	api.Handle("v0/rows", apiphant.Actions{Read: apiphant.Stream(
		func(ctx context.Context, _ apiphant.Object) iter.Seq2[row, error] {
			return func(yield func(row, error) bool) { rows(ctx, yield) }
		})})
	ctx := apiphant.WithLog(parent, slog.New(slog.DiscardHandler))
	api.Serve(ctx, api.Find([]byte("POST"), []byte("/api/v0/rows/read")), door)
}

func wantSent(t *testing.T, door *lines, aborted bool, want ...string) {
	t.Helper()
	if got := door.all(); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("sent %q\nwant %q", got, want)
	}
	if door.aborted != aborted {
		t.Errorf("aborted: %t, want %t", door.aborted, aborted)
	}
}

// sleep is what a function does between two rows: time passes in the bubble alone.
func sleep(d time.Duration) { <-time.After(d) }

// TestStreamHoldsBackForAMoment: the first row goes out at once, what follows soon
// in 10 ms together, what comes after a pause at once again.
func TestStreamHoldsBackForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		door := newLines("")
		stream(t, &apiphant.API{}, door, t.Context(), func(_ context.Context, yield func(row, error) bool) {
			yield(row{1}, nil)
			yield(row{2}, nil)
			sleep(4 * time.Millisecond)
			yield(row{3}, nil)
			sleep(time.Second) // busy
			yield(row{4}, nil)
			sleep(time.Second)
			yield(row{5}, nil)
			yield(row{6}, nil)
		})
		wantSent(t, door, false, "0s {\"n\":1}\n", "10ms {\"n\":2}\n{\"n\":3}\n", "1.004s {\"n\":4}\n", "2.004s {\"n\":5}\n", "end {\"n\":6}\n")
		if door.rows != 6 {
			t.Errorf("%d rows were counted, want 6", door.rows)
		}
	})
}

// TestStreamSendsBatches: rows without a pause go out some KB at a time.
func TestStreamSendsBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		door := newLines("")
		stream(t, &apiphant.API{}, door, t.Context(), func(_ context.Context, yield func(row, error) bool) {
			for n := range 10000 {
				yield(row{n}, nil)
			}
		})
		sent := door.all()
		if whole := strings.Join(sent, ""); strings.Count(whole, "\n") != 10000 || len(sent) > 20 {
			t.Errorf("sent %d rows in %d parts, want 10000 in some 15", strings.Count(whole, "\n"), len(sent))
		}
		for _, part := range sent {
			if len(part) > 9<<10 {
				t.Errorf("a part has %d bytes", len(part))
			}
		}
	})
}

// TestEventStreamComments: a silent stream has a comment every 15 s, also before its
// first event, which begins it.
func TestEventStreamComments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		door := newLines("text/event-stream")
		stream(t, &apiphant.API{}, door, t.Context(), func(_ context.Context, yield func(row, error) bool) {
			sleep(40 * time.Second) // longer than API.Timeout
			yield(row{1}, nil)
			sleep(20 * time.Second)
			yield(row{}, &apiphant.Error{Status: 409})
		})
		wantSent(t, door, true, "15s : \n\n", "30s : \n\n", "40s id: 1\ndata: {\"n\":1}\n\n", "55s : \n\n",
			"1m0s event: error\ndata: {\"error\":\"409 Conflict\"}\n\n")
	})
}

// TestStreamDeadlines: the first row has API.Timeout, all have API.StreamTimeout.
func TestStreamDeadlines(t *testing.T) {
	tests := []struct {
		name string
		api  *apiphant.API
		rows func(ctx context.Context, yield func(row, error) bool)
		want []string
		code int // of an ordinary answer
	}{
		{"no row in time", &apiphant.API{}, func(ctx context.Context, yield func(row, error) bool) {
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
				t.Errorf("the cause is %v", context.Cause(ctx))
			}
			if yield(row{1}, nil) {
				t.Error("yield returned true after the deadline")
			}
		}, nil, 503},
		{"a row in time, and others later", &apiphant.API{}, func(ctx context.Context, yield func(row, error) bool) {
			sleep(29 * time.Second)
			yield(row{1}, nil)
			sleep(time.Hour)
			if _, has := ctx.Deadline(); has || ctx.Err() != nil {
				t.Errorf("the context has a deadline, or ended: %v", ctx.Err())
			}
			yield(row{2}, nil)
		}, []string{"29s {\"n\":1}\n", "1h0m29s {\"n\":2}\n"}, 0},
		{"no time-out", &apiphant.API{Timeout: -1}, func(_ context.Context, yield func(row, error) bool) {
			sleep(time.Hour)
			yield(row{1}, nil)
		}, []string{"1h0m0s {\"n\":1}\n"}, 0},
		{"stream time-out", &apiphant.API{StreamTimeout: time.Minute}, func(ctx context.Context, yield func(row, error) bool) {
			for yield(row{1}, nil) {
				sleep(25 * time.Second)
			}
		}, []string{"0s {\"n\":1}\n", "25s {\"n\":1}\n", "50s {\"n\":1}\n", "1m15s {\"error\":\"503 Service Unavailable\"}\n"}, 0},
		{"stream time-out that is heard", &apiphant.API{StreamTimeout: time.Minute}, func(ctx context.Context, yield func(row, error) bool) {
			yield(row{1}, nil)
			<-ctx.Done()
			yield(row{}, ctx.Err())
		}, []string{"0s {\"n\":1}\n", "1m0s {\"error\":\"503 Service Unavailable\"}\n"}, 0},
		{"stream time-out before the first row", &apiphant.API{Timeout: -1, StreamTimeout: time.Minute}, func(ctx context.Context, yield func(row, error) bool) {
			<-ctx.Done()
		}, nil, 503},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				door := newLines("")
				stream(t, tt.api, door, t.Context(), tt.rows)
				aborted := len(tt.want) > 0 && strings.Contains(tt.want[len(tt.want)-1], "error")
				wantSent(t, door, aborted, tt.want...)
				if tt.code != 0 && door.answer.Code != tt.code {
					t.Errorf("answered with %d, want %d", door.answer.Code, tt.code)
				}
			})
		})
	}
}

// TestStreamInADrain: the function is told, has a second in which its rows are still
// sent, and the client knows that some may be missing.
func TestStreamInADrain(t *testing.T) {
	const last = `{"error":"503 Service Unavailable"}` + "\n"
	tests := []struct {
		name, accept string
		rows         func(ctx context.Context, yield func(row, error) bool)
		want         []string
	}{
		{"it returns", "", func(ctx context.Context, yield func(row, error) bool) {
			yield(row{1}, nil)
			<-ctx.Done()
			if context.Cause(ctx) != apiphant.ErrDraining {
				t.Errorf("the cause is %v", context.Cause(ctx))
			}
		}, []string{"0s {\"n\":1}\n", "1m0s " + last}},
		{"it returns the error", "", func(ctx context.Context, yield func(row, error) bool) {
			yield(row{1}, nil)
			<-ctx.Done()
			yield(row{2}, ctx.Err())
		}, []string{"0s {\"n\":1}\n", "1m0s " + last}},
		{"it ends well", "", func(ctx context.Context, yield func(row, error) bool) {
			yield(row{1}, nil)
			<-ctx.Done()
			sleep(900 * time.Millisecond)
			yield(row{2}, nil)
		}, []string{"0s {\"n\":1}\n", "1m0.9s {\"n\":2}\n", "1m0.9s " + last}},
		{"it does not hear", "", func(ctx context.Context, yield func(row, error) bool) {
			yield(row{1}, nil)
			sleep(70 * time.Second)
			if yield(row{2}, nil) {
				t.Error("yield returned true after the grace")
			}
		}, []string{"0s {\"n\":1}\n", "1m1s " + last}},
		{"it has said nothing yet", "", func(ctx context.Context, yield func(row, error) bool) {
			<-ctx.Done()
			yield(row{1}, nil)
		}, nil},
		{"an event stream", "text/event-stream", func(ctx context.Context, yield func(row, error) bool) {
			sleep(50 * time.Second)
			yield(row{1}, nil)
			<-ctx.Done()
		}, []string{"15s : \n\n", "30s : \n\n", "45s : \n\n", "50s id: 1\ndata: {\"n\":1}\n\n",
			"1m0s event: error\ndata: {\"error\":\"503 Service Unavailable\"}\n\nretry: 0\n\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				door := newLines(tt.accept)
				server, drain := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Minute, func() { drain(apiphant.ErrDraining) })
				stream(t, &apiphant.API{Timeout: -1}, door, server, tt.rows)
				wantSent(t, door, tt.want != nil, tt.want...)
				if tt.want == nil && door.answer.Code != 503 {
					t.Errorf("answered with %d, want 503", door.answer.Code)
				}
			})
		})
	}
}

// TestStreamWithoutClient: neither who has gone nor who can't be written to is sent
// anything more, and the function is told.
func TestStreamWithoutClient(t *testing.T) {
	for _, tt := range []struct {
		name string
		lose func(*lines)
	}{
		{"gone", func(l *lines) { l.gone() }},
		{"broken", func(l *lines) { l.mu.Lock(); defer l.mu.Unlock(); l.broken = true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				door := newLines("")
				stream(t, &apiphant.API{}, door, t.Context(), func(ctx context.Context, yield func(row, error) bool) {
					yield(row{1}, nil)
					sleep(time.Second)
					tt.lose(door)
					synctest.Wait()
					if yield(row{2}, nil) || yield(row{3}, nil) {
						t.Error("yield returned true though the client has gone")
					}
					if !errors.Is(context.Cause(ctx), apiphant.ErrClientGone) {
						t.Errorf("the context ended with %v", context.Cause(ctx))
					}
				})
				wantSent(t, door, true, "0s {\"n\":1}\n")
			})
		})
	}
}

// TestStreamEndsWildFunctions: whatever a function does with yield, its call ends,
// and what it has kept does no harm later.
func TestStreamEndsWildFunctions(t *testing.T) {
	var kept func(row, error) bool
	endless := func(yield func(row, error) bool) {
		for {
			yield(row{2}, nil)
		}
	}
	tests := []struct {
		name string
		rows func(ctx context.Context, yield func(row, error) bool)
	}{
		{"goes on for ever", func(_ context.Context, yield func(row, error) bool) {
			yield(row{1}, nil)
			yield(row{}, errors.New("on purpose"))
			endless(yield)
		}},
		{"recovers and goes on for ever", func(_ context.Context, yield func(row, error) bool) {
			yield(row{1}, nil)
			yield(row{}, errors.New("on purpose"))
			for {
				func() {
					defer func() { _ = recover() }()
					endless(yield)
				}()
			}
		}},
		{"goes on for ever in another goroutine", func(_ context.Context, yield func(row, error) bool) {
			yield(row{1}, nil)
			yield(row{}, errors.New("on purpose"))
			done := make(chan struct{})
			go func() { defer close(done); endless(yield) }()
			<-done
		}},
		{"goes on for ever after its end", func(_ context.Context, yield func(row, error) bool) {
			yield(row{1}, nil)
			kept = yield
			panic("on purpose")
		}},
		{"ends its goroutine", func(_ context.Context, yield func(row, error) bool) {
			yield(row{1}, nil)
			runtime.Goexit()
		}},
		{"many at once", func(_ context.Context, yield func(row, error) bool) {
			var group sync.WaitGroup
			for range 50 {
				group.Go(func() {
					for yield(row{1}, nil) {
						yield(row{}, errors.New("on purpose"))
					}
				})
			}
			group.Wait()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				door, done := newLines(""), make(chan struct{})
				go func() { // which the function may end
					defer close(done)
					stream(t, &apiphant.API{}, door, context.Background(), tt.rows)
				}()
				<-done
				if kept != nil {
					gone := make(chan struct{})
					go func() { defer close(gone); endless(kept) }()
					<-gone
					kept = nil
				}
				sent := strings.Join(door.all(), "")
				if !door.aborted || !strings.HasSuffix(sent, "{\"error\":\"500 Internal Server Error\"}\n") {
					t.Errorf("aborted: %t; sent %q, want a last line with the error", door.aborted, sent)
				}
			})
		})
	}
}

// TestStreamIsCalledAgain: a middleware may try again before the first row, and not
// after it.
func TestStreamIsCalledAgain(t *testing.T) {
	for _, tt := range []struct {
		name    string
		rows    int // before the first call fails
		want    []string
		aborted bool
	}{
		{"before the first row", 0, []string{"0s {\"n\":2}\n"}, false},
		{"after it", 1, []string{"0s {\"n\":1}\n", "0s {\"error\":\"500 Internal Server Error\"}\n"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, door, calls := &apiphant.API{}, newLines(""), 0
				api.Use("", func(next apiphant.Handler) apiphant.Handler {
					return func(ctx context.Context, call *apiphant.Call) error {
						if err := next(ctx, call); err == nil {
							t.Error("the first call has no error")
						}
						return next(ctx, call)
					}
				})
				stream(t, api, door, t.Context(), func(_ context.Context, yield func(row, error) bool) {
					if calls++; calls == 1 {
						if tt.rows > 0 {
							yield(row{1}, nil)
						}
						yield(row{}, errors.New("on purpose"))
						return
					}
					yield(row{2}, nil)
				})
				wantSent(t, door, tt.aborted, tt.want...)
			})
		})
	}
}
