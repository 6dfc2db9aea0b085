package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// browserPage asks for all that a browser has an interface of its own for, and reports
// what it got.
const browserPage = `<!doctype html><script>
const eventSource = () => new Promise(resolve => {
	const source = new EventSource("/api/v0/rows/read"), got = []
	source.onmessage = event => { got.push(event.data); if (got.length == 2) { source.close(); resolve(got.join(" ")) } }
	source.onerror = () => resolve("error")
})
const stream = async () => {
	const answer = await fetch("/api/v0/rows/read", {method: "POST", body: "{}"})
	const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
	let text = ""
	for (;;) { const {done, value} = await reader.read(); if (done) return text.trim().split("\n").join(" "); text += value }
}
const upload = async () => {
	const form = new FormData()
	form.append("title", "Sea")
	form.append("file", new File([new Uint8Array(100000)], "sea.bin"))
	return JSON.stringify(await (await fetch("/api/v0/photos/create", {method: "POST", body: form})).json())
}
const webSocket = () => new Promise(resolve => {
	const socket = new WebSocket("ws://" + location.host + "/api/v0/socket/read")
	socket.onopen = () => socket.send("hello")
	socket.onmessage = event => { socket.close(1000); resolve(event.data) }
	socket.onerror = () => resolve("error")
})
const address = async () => {
	const answer = await fetch("/api/items/7?tag=a&tag=b")
	const again = await fetch("/api/items/7?tag=a&tag=b", {headers: {"If-None-Match": answer.headers.get("ETag")}, cache: "no-store"})
	return answer.status + " " + JSON.stringify(await answer.json()) + " " + again.status
}
(async () => {
	const got = {}
	for (const [name, ask] of Object.entries({eventSource, stream, upload, webSocket, address}))
		got[name] = await ask().catch(String)
	await fetch("/api/v0/report/create", {method: "POST", body: JSON.stringify(got)})
})()
</script>`

// TestBrowser: a real browser reads streams by EventSource and fetch, sends a file, speaks
// to a WebSocket and asks by an address, directly and behind nginx.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: apt-get install chromium")
	}
	api := rows(func(_ context.Context, yield func(row, error) bool) {
		_ = yield(row{N: 1}, nil) && yield(row{N: 2}, nil)
	})
	api.Handle("v0/page", apiphant.Actions{Read: apiphant.Raw(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, browserPage)
	})})
	api.Handle("v0/photos", apiphant.Actions{Create: apiphant.Func(func(_ context.Context, p struct {
		Title string        `json:"title" required:"true"`
		File  apiphant.File `json:"file" required:"true"`
	}) (apiphant.Object, error) {
		return apiphant.Object{"got": fmt.Sprint(p.Title, " ", p.File.Name, " ", p.File.Size)}, nil
	})})
	api.Handle("v0/socket", apiphant.Actions{Read: apiphant.Raw(Echo).Timeout(-1)})
	api.Handle("v0/items", apiphant.Actions{Read: apiphant.Func(func(_ context.Context, r apiphant.Object) (apiphant.Object, error) { return r, nil })})
	api.Address("GET /api/items/{id}", "v0/items/read")
	reports := make(chan apiphant.Object)
	api.Handle("v0/report", apiphant.Actions{Create: apiphant.Proc(func(ctx context.Context, got apiphant.Object) error {
		select {
		case reports <- got:
		case <-ctx.Done():
		}
		return nil
	})})
	want := apiphant.Object{
		"eventSource": `{"n":1} {"n":2}`,
		"stream":      `{"n":1} {"n":2}`,
		"upload":      `{"got":"Sea sea.bin 100000"}`,
		"webSocket":   "hello",
		"address":     `200 {"id":"7","tag":["a","b"]} 304`,
	}
	running := start(t, api, &server.Server{})
	for name, address := range map[string]func(*testing.T) string{
		"directly":     func(*testing.T) string { return running.address },
		"behind nginx": func(t *testing.T) string { return startNginx(t, running.address) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			folder, err := os.MkdirTemp("", "browser-") // its processes may still write there after it has ended
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(folder)
			command := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
				"--remote-debugging-port=0", "--user-data-dir="+folder+"/data", "http://"+address(t)+"/api/v0/page/read")
			command.Env = append(os.Environ(), "TMPDIR="+folder)
			command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
			command.WaitDelay = patience
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { cancel(); _ = command.Wait() }()
			select {
			case got := <-reports:
				if difference := cmp.Diff(want, got); difference != "" {
					t.Errorf("- wanted, + the browser got:\n%s", difference)
				}
			case <-ctx.Done():
				t.Error("the browser reports nothing")
			}
		})
	}
}
