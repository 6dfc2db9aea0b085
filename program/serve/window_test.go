//go:build unix

package serve_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestLateBalancer is a rolling update: a new process is started, the old one is told
// to end, and the load balancer, which opens a connection for each request, hears of it
// 5 s later. No request fails.
func TestLateBalancer(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes 3 s")
	}
	const late = 2 * time.Second
	args := []string{"127.0.0.1:0", "--drain-window", "3s"}
	old := startProcess(t, nil, args...)
	var target atomic.Pointer[string]
	target.Store(&old.address)

	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	asked, stop := make(chan error, 1), make(chan struct{})
	requests := 0
	go func() {
		next := time.NewTicker(5 * time.Millisecond)
		defer next.Stop()
		for {
			select {
			case <-stop:
				asked <- nil
				return
			case <-next.C:
			}
			answer, err := client.Post("http://"+*target.Load()+"/api/v0/echo/read", "", nil)
			if err == nil && answer.StatusCode != 200 {
				err = errors.New(answer.Status)
			}
			if err != nil {
				asked <- err
				return
			}
			answer.Body.Close()
			requests++
		}
	}()

	following := startProcess(t, nil, args...)
	told := time.Now()
	old.signal(syscall.SIGTERM)
	old.log.await("Draining")
	await(t, "a balancer that is late", func() bool { return time.Since(told) > late || len(asked) > 0 })
	target.Store(&following.address)
	if err := old.wait(); err != nil {
		t.Errorf("the old process ended with %v, want 0", err)
	}
	close(stop)
	if err := <-asked; err != nil || requests == 0 {
		t.Errorf("after %d requests and %v: %v", requests, time.Since(told), err)
	}
	following.signal(syscall.SIGTERM)
	following.log.awaitEnd()
}
