package apitest_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// fakeT is a test that may fail without failing the one that looks at it.
type fakeT struct {
	testing.TB

	mu       sync.Mutex
	failed   bool
	log      strings.Builder
	cleanups []func()
}

// runFake runs f as a test, with its cleanups.
func runFake(t *testing.T, f func(t testing.TB)) *fakeT {
	fake := &fakeT{TB: t}
	run := func(f func()) {
		done := make(chan struct{})
		go func() { defer close(done); f() }() // Fatal ends the goroutine
		<-done
	}
	run(func() { f(fake) })
	for len(fake.cleanups) > 0 {
		last := fake.cleanups[len(fake.cleanups)-1]
		fake.cleanups = fake.cleanups[:len(fake.cleanups)-1]
		run(last)
	}
	return fake
}

func (f *fakeT) Helper()          {}
func (f *fakeT) Failed() bool     { f.mu.Lock(); defer f.mu.Unlock(); return f.failed }
func (f *fakeT) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }

func (f *fakeT) Log(args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fmt.Fprintln(&f.log, args...)
}

func (f *fakeT) Error(args ...any) {
	f.Log(args...)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed = true
}

func (f *fakeT) Fatal(args ...any) {
	f.Error(args...)
	runtime.Goexit()
}

func (f *fakeT) Logf(format string, args ...any)   { f.Log(fmt.Sprintf(format, args...)) }
func (f *fakeT) Errorf(format string, args ...any) { f.Error(fmt.Sprintf(format, args...)) }
func (f *fakeT) Fatalf(format string, args ...any) { f.Fatal(fmt.Sprintf(format, args...)) }

// text is what the test logged, and the messages it failed with.
func (f *fakeT) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.String()
}

// want checks that the test failed, or did not, and what it logged.
func (f *fakeT) want(t *testing.T, failed bool, parts ...string) {
	t.Helper()
	if f.failed != failed {
		t.Errorf("failed: %t, want %t; it logged:\n%s", f.failed, failed, f.text())
	}
	for _, part := range parts {
		if !strings.Contains(f.text(), part) {
			t.Errorf("it logged:\n%s\nwant in it: %s", f.text(), part)
		}
	}
}
