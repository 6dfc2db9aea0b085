package lambdaemulator_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant/internal/lambdaemulator"
	"github.com/apiphant/apiphant/internal/lambdaemulator/gateway"
)

// syncBuffer is the log of a function.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// emulator is a function with its handler at a port.
type emulator struct {
	*lambdaemulator.Function
	handler *lambdaemulator.Handler
	url     string
	log     *syncBuffer
}

// start serves a function; change may change its settings.
func start(t *testing.T, kind gateway.Kind, change func(*lambdaemulator.Settings)) *emulator {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	e := &emulator{log: &syncBuffer{}}
	settings := lambdaemulator.Settings{Name: "shop", Region: "eu-central-1", Timeout: 20 * time.Second, Memory: 1024, Instances: 2, Log: e.log}
	if change != nil {
		change(&settings)
	}
	e.Function = lambdaemulator.New(settings)
	e.Use(binary)
	e.handler = lambdaemulator.NewHandler(e.Function, kind)
	server := httptest.NewUnstartedServer(nil)
	server.Config = e.handler.Server()
	server.Start()
	e.url = server.URL
	t.Cleanup(func() {
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
		if t.Failed() {
			text := e.log.String()
			t.Logf("%s", text[max(0, len(text)-4000):])
		}
	})
	return e
}

// answer is a response of the Invoke API.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %v %.500s", a.status, a.header, a.body) }

// log returns the tail of the log that the answer has.
func (a answer) log() string {
	text, _ := base64.StdEncoding.DecodeString(a.header.Get("X-Amz-Log-Result"))
	return string(text)
}

// post sends a request, with headers as pairs.
func (e *emulator) post(t *testing.T, path, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

const invocations = "/2015-03-31/functions/shop/invocations"

func (e *emulator) invoke(t *testing.T, event string, headers ...string) answer {
	t.Helper()
	return e.post(t, invocations, event, append(headers, "X-Amz-Log-Type", "Tail")...)
}

// A call is answered, and its log is Lambda's.
func TestInvoke(t *testing.T) {
	e := start(t, gateway.HTTP, nil)
	got := e.invoke(t, `{"hello":"world"}`)
	if got.status != 200 || got.body != `{"hello":"world"}` || got.header.Get("X-Amz-Executed-Version") != "$LATEST" || got.header.Get("X-Amz-Function-Error") != "" {
		t.Errorf("got %s", got)
	}
	id := got.header.Get("X-Amzn-Requestid")
	if want := "START RequestId: " + id + " Version: $LATEST\n"; !strings.Contains(got.log(), want) {
		t.Errorf("the log is %q, want %q in it", got.log(), want)
	}
	for _, want := range []string{"REPORT RequestId: " + id, "Billed Duration: ", "Memory Size: 1024 MB", "Max Memory Used: ", "Init Duration: ", "Instance: 1, cold\n"} {
		if !strings.Contains(e.log.String(), want) {
			t.Errorf("the log has no %q: %s", want, e.log)
		}
	}

	t.Run("a warm instance", func(t *testing.T) {
		got := e.invoke(t, `{"do":"log","n":3,"text":"hi there"}`)
		if strings.Contains(got.log(), "Init Duration") || strings.Count(got.log(), "hi there\n") != 3 {
			t.Errorf("the log is %q", got.log())
		}
		if !strings.HasSuffix(e.log.String(), "Instance: 1, warm\n") || !strings.Contains(e.log.String(), "hi there\nhi there\nhi there\nREPORT") {
			t.Errorf("the log is %s", e.log)
		}
	})
	t.Run("a log of more than 4 KB", func(t *testing.T) {
		got := e.invoke(t, `{"do":"log","n":2000,"text":"0123456789"}`)
		if len(got.log()) != 4096 || !strings.Contains(got.log(), "0123456789\nEND RequestId") {
			t.Errorf("%d bytes: %q", len(got.log()), got.log())
		}
	})
	t.Run("what a function sees", func(t *testing.T) {
		client := base64.StdEncoding.EncodeToString([]byte(`{"custom":{"k":"v"}}`))
		got := e.post(t, "/2015-03-31/functions/shop:live/invocations", `{"do":"context"}`, "X-Amz-Client-Context", client, "X-Amzn-Trace-Id", "Root=1-2-3")
		var saw struct {
			ID, ARN, Trace, Name, Version, Group, Handler, Region string
			Client                                                map[string]string
			Left                                                  float64
			Memory                                                int
		}
		if err := json.Unmarshal([]byte(got.body), &saw); err != nil {
			t.Fatal(err, got)
		}
		if saw.Left < 10 || saw.Left > 20 {
			t.Errorf("%v s were left", saw.Left)
		}
		saw.Left = 0
		want := saw
		want.ID, want.ARN, want.Trace, want.Name, want.Version = got.header.Get("X-Amzn-Requestid"), "arn:aws:lambda:eu-central-1:123456789012:function:shop:live", "Root=1-2-3", "shop", "$LATEST"
		want.Group, want.Handler, want.Region, want.Memory, want.Client = "/aws/lambda/shop", "bootstrap", "eu-central-1", 1024, map[string]string{"k": "v"}
		if fmt.Sprint(saw) != fmt.Sprint(want) {
			t.Errorf("got %+v, want %+v", saw, want)
		}
	})
	t.Run("nothing is an empty object", func(t *testing.T) {
		if got := e.invoke(t, ""); got.body != "{}" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("what is too large", func(t *testing.T) {
		if got := e.invoke(t, fmt.Sprintf(`{"do":"large","n":%d}`, 6<<20+100)); got.status != 200 || len(got.body) != 6<<20+100 {
			t.Errorf("6 MiB: got %s", got)
		}
		got := e.invoke(t, fmt.Sprintf(`{"do":"large","n":%d}`, 6<<20+101))
		if got.header.Get("X-Amz-Function-Error") != "Unhandled" || !strings.Contains(got.body, "Function.ResponseSizeTooLarge") {
			t.Errorf("more: got %s", got)
		}
		if got := e.invoke(t, "{}"); got.body != "{}" {
			t.Errorf("after it: %s", got)
		}
	})
	t.Run("what no runtime asks", func(t *testing.T) {
		// The first answer to this very call counts. Its runtime is refused then, and ends.
		got := e.invoke(t, `{"do":"wild"}`)
		if got.body != `"wild"` || got.header.Get("X-Amz-Function-Error") != "" || !strings.Contains(got.log(), "statuses [400 400 405 404 202 400]\n") {
			t.Errorf("got %s with the log %q", got, got.log())
		}
		if got := e.invoke(t, "{}"); got.body != "{}" {
			t.Errorf("after it: %s", got)
		}
	})
	t.Run("it is stopped between calls", func(t *testing.T) {
		pid := e.invoke(t, `{"do":"pid"}`).body
		for deadline := time.Now().Add(10 * time.Second); ; <-time.After(time.Millisecond) { // a signal takes its time
			status, err := os.ReadFile("/proc/" + pid + "/status")
			if err != nil {
				t.Skip("needs /proc")
			}
			if bytes.Contains(status, []byte("T (stopped)")) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("an idle instance runs: %s", status)
			}
		}
	})
}

// Each way to fail is Lambda's error, and the next call is answered.
func TestFailures(t *testing.T) {
	e := start(t, gateway.REST, func(s *lambdaemulator.Settings) { s.Memory, s.Instances = 120, 1 })
	tests := []struct{ name, event, body, log string }{
		{"an error", `{"do":"error","text":"no such order"}`, `"errorMessage":"no such order"`, "no such order"},
		{"a panic", `{"do":"panic"}`, `"errorMessage":"oops"`, "calling the handler function resulted in a panic"},
		{"an exit", `{"do":"exit","n":7}`, `Error: Runtime exited with error: exit status 7`, "last words\nRequestId: "},
		{"an exit without an error", `{"do":"exit"}`, `Error: Runtime exited without providing a reason`, "Runtime.ExitError"},
		{"a time-out", `{"do":"sleep"}`, `Error: Task timed out after 1.00 seconds`, "going to sleep"},
		{"too much memory", `{"do":"allocate","n":130}`, `Error: Runtime exited with error: signal: killed`, "Runtime.OutOfMemory"},
	}
	late := start(t, gateway.REST, func(s *lambdaemulator.Settings) { s.Timeout, s.Instances = time.Second, 1 })
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := e
			if test.name == "a time-out" { // all others take long on a busy machine
				e = late
			}
			got := e.invoke(t, test.event)
			if got.status != 200 || got.header.Get("X-Amz-Function-Error") != "Unhandled" || !strings.Contains(got.body, test.body) {
				t.Errorf("got %s, want %s", got, test.body)
			}
			if !strings.Contains(got.log(), test.log) || !strings.Contains(got.log(), "\nREPORT") || !strings.Contains(e.log.String(), test.log) {
				t.Errorf("the log is %q, want %q in it", got.log(), test.log)
			}
			if got := e.invoke(t, "{}"); got.body != "{}" {
				t.Errorf("after it: %s", got)
			}
			if got := e.post(t, "/any/path", "x"); got.status != 502 { // not the form of an answer
				t.Errorf("the gateway: got %s", got)
			}
		})
	}
}

// What can't be started says why, as the product does.
func TestInitFailures(t *testing.T) {
	for name, want := range map[string]struct{ body, log string }{
		"init-exits": {"Runtime exited with error: exit status 3", "about to exit\n"},
		"init-fails": {`{"errorType":"Product.StartFailed","errorMessage":"no database"}`, "Start failed: no database\n"},
	} {
		e := start(t, gateway.HTTP, func(s *lambdaemulator.Settings) { s.Name = name })
		got := e.post(t, "/2015-03-31/functions/"+name+"/invocations", "{}", "X-Amz-Log-Type", "Tail")
		if got.status != 200 || got.header.Get("X-Amz-Function-Error") == "" || !strings.Contains(got.body, want.body) || !strings.Contains(got.log(), want.log) {
			t.Errorf("%s: got %s with the log %q", name, got, got.log())
		}
	}
	e := start(t, gateway.HTTP, func(s *lambdaemulator.Settings) { s.Name = "nothing" })
	e.Use(filepath.Join(t.TempDir(), "none"))
	if got := e.post(t, "/2015-03-31/functions/nothing/invocations", "{}"); got.status != 409 || got.header.Get("X-Amzn-Errortype") != "ResourceConflictException" {
		t.Errorf("no program: got %s", got)
	}
	if got := e.post(t, "/", ""); got.status != 500 {
		t.Errorf("no program: the gateway answers %s", got)
	}
}

// Concurrent calls have an instance each, up to the bound.
func TestInstances(t *testing.T) {
	e := start(t, gateway.URL, nil)
	gate := filepath.Join(t.TempDir(), "gate")
	event := fmt.Sprintf(`{"do":"wait","text":%q}`, gate)
	answers := make(chan answer, 2)
	for range 2 {
		go func() { answers <- e.invoke(t, event) }()
	}
	e.waitFor(t, "waiting\n", 2)
	got := e.invoke(t, "{}")
	if got.status != 429 || got.header.Get("X-Amzn-Errortype") != "TooManyRequestsException" || !strings.Contains(got.body, "Rate Exceeded.") {
		t.Errorf("got %s", got)
	}
	if got := e.post(t, "/", ""); got.status != 429 {
		t.Errorf("the function URL: got %s", got)
	}
	if got := e.invoke(t, `{"do":"log","n":1,"text":"the event that waits"}`, "X-Amz-Invocation-Type", "Event"); got.status != 202 || got.body != "" {
		t.Errorf("an event: got %s", got)
	}
	if err := os.WriteFile(gate, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	pids := map[string]bool{}
	for range 2 {
		pids[(<-answers).body] = true
	}
	if len(pids) != 2 {
		t.Errorf("the instances are %v", pids)
	}
	e.waitFor(t, "the event that waits\n", 1)

	t.Run("a new program", func(t *testing.T) {
		before := e.invoke(t, `{"do":"pid"}`).body
		binary, _ := os.Executable()
		e.Use(binary)
		if after := e.invoke(t, `{"do":"pid"}`).body; after == before {
			t.Errorf("the old instance %s answers", after)
		}
		waitUntilDead(t, before)
	})
	t.Run("an idle instance that dies", func(t *testing.T) {
		pid := e.invoke(t, `{"do":"pid"}`).body
		var number int
		_, _ = fmt.Sscan(pid, &number)
		if process, err := os.FindProcess(number); err != nil || process.Kill() != nil {
			t.Fatal("can't kill it")
		}
		waitUntilDead(t, pid)
		if got := e.invoke(t, "{}"); got.body != "{}" {
			t.Errorf("got %s", got)
		}
	})
}

// waitFor waits until the log has a text so many times.
func (e *emulator) waitFor(t *testing.T, text string, times int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); strings.Count(e.log.String(), text) < times; <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the log does not have %q %d times", text, times)
		}
	}
}

// waitUntilDead waits until no process with that number runs.
func waitUntilDead(t *testing.T, pid string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; <-time.After(time.Millisecond) {
		status, err := os.ReadFile("/proc/" + pid + "/status")
		if err != nil || bytes.Contains(status, []byte("State:\tZ")) { // its parent is gone, and who has it now is slow
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %s runs on", pid)
		}
	}
}

// Close waits for calls, and kills those that take too long.
func TestClose(t *testing.T) {
	gate := filepath.Join(t.TempDir(), "gate")
	event := []byte(fmt.Sprintf(`{"do":"wait","text":%q}`, gate))
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := &syncBuffer{}
	settings := lambdaemulator.Settings{Name: "term", Region: "eu-central-1", Timeout: 20 * time.Second, Memory: 256, Instances: 2, Log: log}
	f := lambdaemulator.New(settings)
	f.Use(binary)
	if _, err := f.Invoke(lambdaemulator.Call{ID: "1", Payload: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	results := make(chan *lambdaemulator.Result, 1)
	go func() {
		result, _ := f.Invoke(lambdaemulator.Call{ID: "2", Payload: event})
		results <- result
	}()
	e := &emulator{log: log}
	e.waitFor(t, "waiting\n", 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = f.Close(ctx)
	_ = f.Close(ctx) // which has nothing left to do
	if result := <-results; err == nil || !result.Failed || !strings.Contains(string(result.Payload), "signal: killed") {
		t.Errorf("Close: %v; the call: %+v", err, result)
	}
	if _, err := f.Invoke(lambdaemulator.Call{ID: "3", Payload: []byte(`{}`)}); !errors.Is(err, lambdaemulator.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	f = lambdaemulator.New(settings)
	f.Use(binary)
	if _, err := f.Invoke(lambdaemulator.Call{ID: "1", Payload: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(t.Context()); err != nil || !strings.Contains(log.String(), "stopping\n") {
		t.Errorf("Close: %v, and the log is %s", err, log)
	}
}

// emulate runs a function in a process that is to be killed: it prints the process ids of
// an instance that is stopped, and then of one that runs.
func emulate() {
	meet := fmt.Appendf(nil, `{"do":"meet","text":%q}`, os.Getenv("TEST_EMULATOR"))
	os.Unsetenv("TEST_EMULATOR")
	binary, err := os.Executable()
	if err != nil {
		panic(err)
	}
	f := lambdaemulator.New(lambdaemulator.Settings{Name: "shop", Region: "eu-central-1", Timeout: time.Minute, Memory: 1024, Instances: 2, Log: os.Stdout})
	f.Use(binary)
	calls := sync.WaitGroup{}
	for range 2 { // at the same time, so that there are two instances
		calls.Go(func() { _, _ = f.Invoke(lambdaemulator.Call{ID: "1", Payload: meet}) })
	}
	calls.Wait()
	_, _ = f.Invoke(lambdaemulator.Call{ID: "2", Payload: []byte(`{"do":"sleep"}`)})
}

// No instance outlives an emulator that is killed.
func TestKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux")
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := &syncBuffer{}
	command := exec.Command(binary)
	command.Env = append(os.Environ(), "TEST_EMULATOR="+t.TempDir())
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	e := &emulator{log: log}
	e.waitFor(t, "going to sleep\n", 1)
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // it was killed
	pids := regexp.MustCompile(`(?m)^met in (\d+)$`).FindAllStringSubmatch(log.String(), -1)
	if len(pids) != 2 || pids[0][1] == pids[1][1] {
		t.Fatalf("there were no two instances: %s", log)
	}
	for _, pid := range pids {
		waitUntilDead(t, pid[1])
	}
}
