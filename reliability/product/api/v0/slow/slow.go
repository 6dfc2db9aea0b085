// Package slow has functions that wait for a time or for the end of their context. It
// records when each call began and when its context ended.
package slow

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/apiphant/apiphant"
)

// Request says how long a call takes. Calls with an ID are recorded.
type Request struct {
	ID string `json:"id"`
	MS int    `json:"ms"`
}

// Ledger has the times of the recorded calls.
type Ledger struct {
	Began int              `json:"began"`
	Ended map[string]int64 `json:"ended"` // when its context ended, in nanoseconds since 1970
}

var (
	mu     sync.Mutex
	ledger = Ledger{Ended: map[string]int64{}}
)

// Create waits.
func Create(ctx context.Context, request Request) (apiphant.Object, error) {
	if err := wait(ctx, request); err != nil {
		return nil, err
	}
	return apiphant.Object{"waited": request.MS}, nil
}

// Update waits in the middle of an answer.
func Update(ctx context.Context, request Request, w http.ResponseWriter) error {
	_, _ = io.WriteString(w, "{")
	_ = http.NewResponseController(w).Flush()
	if err := wait(ctx, request); err != nil {
		return err
	}
	_, err := io.WriteString(w, "}")
	return err
}

func wait(ctx context.Context, request Request) error {
	if request.ID != "" {
		mu.Lock()
		ledger.Began++
		mu.Unlock()
	}
	timer := time.NewTimer(time.Duration(request.MS) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
	}
	now := time.Now().UnixNano()
	if request.ID != "" {
		mu.Lock()
		ledger.Ended[request.ID] = now
		mu.Unlock()
	}
	return context.Cause(ctx)
}

// Read returns the ledger.
func Read(request apiphant.Object) (Ledger, error) {
	mu.Lock()
	defer mu.Unlock()
	told := Ledger{Began: ledger.Began, Ended: make(map[string]int64, len(ledger.Ended))}
	for id, at := range ledger.Ended {
		told.Ended[id] = at
	}
	return told, nil
}
