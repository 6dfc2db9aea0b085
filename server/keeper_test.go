package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// keeper keeps what functions are given: what each of it was then, and how to
// tell what it is now.
type keeper struct {
	mu   sync.Mutex
	kept []kept
}

type kept struct {
	then string
	now  func() string
}

func (k *keeper) keep(now func() string) {
	then := strings.Clone(now())
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = append(k.kept, kept{then, now})
}

// all returns what is kept so far, n of it at random where n is not 0.
func (k *keeper) all(n int) []kept {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n == 0 {
		return k.kept
	}
	some := make([]kept, n)
	for i := range some {
		some[i] = k.kept[rand.IntN(len(k.kept))]
	}
	return some
}

// look looks at what is kept. The race detector sees it where that is written to
// at the same time.
func (k *keeper) look(t *testing.T, n int) {
	t.Helper()
	for _, one := range k.all(n) {
		if now := one.now(); now != one.then {
			t.Errorf("was %s, is %s", one.then, now)
		}
	}
}

// keepsake has something of all that decoding makes memory for.
type keepsake struct {
	Text    string              `json:"text"`
	Escaped string              `json:"escaped"`
	Long    string              `json:"long"`
	Texts   []string            `json:"texts"`
	Number  json.Number         `json:"number"`
	Message json.RawMessage     `json:"message"`
	Bytes   []byte              `json:"bytes"`
	Map     map[string]string   `json:"map"`
	Any     any                 `json:"any"`
	Objects []map[string]any    `json:"objects"`
	Pointer *string             `json:"pointer"`
	Time    time.Time           `json:"time"`
	Own     own                 `json:"own"`
	ByOwn   map[ownKey]keepsake `json:"byOwn"`
}

// own keeps the text that its method is given.
type own struct{ text []byte }

func (o *own) UnmarshalJSON(text []byte) error { o.text = text; return nil }

// ownKey is a key that is made of the text that its method is given.
type ownKey struct{ text string }

func (o *ownKey) UnmarshalText(text []byte) error { o.text = string(text); return nil }

func (k *keeper) api() *apiphant.API {
	api := &apiphant.API{}
	api.Use("", func(next apiphant.Handler) apiphant.Handler {
		return func(ctx context.Context, call *apiphant.Call) error {
			return next(context.WithValue(ctx, keeperKey{}, []string{
				call.Method(), call.Header("x-some"), call.Header("Host"), call.RequestID(), call.RemoteAddr().String(),
				call.Route().Version, call.Route().Target, call.Route().Action,
			}), call)
		}
	})
	api.Handle("v0/keep", apiphant.Actions{
		Read: apiphant.Func(func(ctx context.Context, request apiphant.Object) (any, error) {
			k.keep(func() string { return fmt.Sprint(request, ctx.Value(keeperKey{})) })
			return request, nil
		}),
		Update: apiphant.Func(func(ctx context.Context, request keepsake) (any, error) {
			pointer := request.Pointer
			k.keep(func() string { return fmt.Sprintf("%+v %s %v", request, *pointer, ctx.Value(keeperKey{})) })
			return nil, nil
		}),
		Create: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			k.keep(func() string {
				return fmt.Sprint(r.Method, r.URL, r.Host, r.RequestURI, r.Header, r.Trailer, r.Cookies(), r.RemoteAddr, r.Proto, r.ContentLength,
					r.TransferEncoding, r.Context().Value(keeperKey{}), string(body))
			})
		}),
	})
	return api
}

type keeperKey struct{}

// requests are one of each way in, with text of their own throughout.
func requests(unique string) []string {
	object := `{"U":"U","in":[{"U":U.5,"x":"in U"}],"e":""}`
	typed := `{"text":"U","escaped":"\u0055U\n","long":"U U U U U U U U U U U U U U U U U U","texts":["U","tU"],"number":U.25,"message":{"U":[U]},"bytes":"UUUU",` +
		`"map":{"U":"mU"},"any":[{"U":"aU"}],"objects":[{"k":"U"},{"k":"oU"}],"pointer":"U","time":"2026-11-21T07:24:47Z","own":["U"],"byOwn":{"kU":{"text":"U"}}}`
	object, typed = strings.ReplaceAll(object, "U", unique), strings.ReplaceAll(typed, "U", unique)
	headers := fmt.Sprintf("Host: %[1]s\r\nX-Request-Id: %[1]s\r\nX-Some: %[1]s\r\nCookie: a=%[1]s\r\nUser-Agent: %[1]s\r\n", unique)
	post := func(action, body string) string {
		return fmt.Sprintf("POST /api/v0/keep/%s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s", action, headers, len(body), body)
	}
	return []string{
		post("read", object), post("update", typed),
		fmt.Sprintf("PUT /api/v0/keep/create?q=%[1]s HTTP/1.1\r\n%[2]sContent-Length: 4\r\n\r\n%[1]s", unique, headers),
		fmt.Sprintf("POST /api/v0/keep/create HTTP/1.1\r\n%[2]sTransfer-Encoding: chunked\r\n\r\n4\r\n%[1]s\r\n0\r\n\r\n", unique, headers),
	}
}

// TestWhatIsKeptDoesNotChange keeps everything that functions were given, and
// looks at it again while and after many other requests are read, on the same
// connections and on others, some of them new.
func TestWhatIsKeptDoesNotChange(t *testing.T) {
	const connections, rounds = 16, 25
	keep := &keeper{}
	running := start(t, keep.api(), &server.Server{})
	clients := make([]*client, connections)
	for round := range rounds {
		for i := range clients {
			if round%(1+i%5) == 0 {
				clients[i] = running.dial()
			}
		}
		for way := range requests("") {
			for i, c := range clients {
				c.send(requests(fmt.Sprint(1000 + round*connections + i))[way])
			}
			if round+way > 0 {
				keep.look(t, 20) // while the others are read
			}
			for _, c := range clients {
				if got := c.receive("POST"); got.status != http.StatusOK {
					t.Fatalf("%s: got %v", requests("U")[way], got)
				}
			}
		}
	}
	if got, want := len(keep.all(0)), connections*rounds*len(requests("")); got != want {
		t.Fatalf("got %d calls, want %d", got, want)
	}
	keep.look(t, 0)
}
