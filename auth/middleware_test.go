package auth_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"
	"github.com/apiphant/apiphant/auth"
	"github.com/apiphant/apiphant/nethttp"
)

// whoami answers with who is calling.
func whoami(ctx context.Context, _ apiphant.Object) (apiphant.Object, error) {
	user, ok := auth.Of(ctx)
	apiphant.Log(ctx).Info("called")
	return apiphant.Object{"user": user.ID, "known": ok}, nil
}

// apiOf returns an API of v0/orders and v0/open, with middlewares around the one.
func apiOf(wraps map[string][]func(apiphant.Handler) apiphant.Handler) *apiphant.API {
	api := &apiphant.API{}
	for _, target := range []string{"v0/orders", "v0/open"} {
		api.Handle(target, apiphant.Actions{Create: apiphant.Func(whoami), Read: apiphant.Func(whoami)})
	}
	for path, all := range wraps {
		for _, wrap := range all {
			api.Use(path, wrap)
		}
	}
	return api
}

type wraps = map[string][]func(apiphant.Handler) apiphant.Handler

func TestBearerAndRequire(t *testing.T) {
	of, _ := keys(t, "HS256")
	tokens := tokensOf(of)
	api := apiOf(wraps{"": {auth.Bearer(tokens, auth.Optional())}, "v0/orders": {auth.Require("orders")}})
	for _, endpoint := range api.Routes() {
		want := map[string][]string{"v0/orders": {"orders:" + endpoint.Action}}[endpoint.Version+"/"+endpoint.Target]
		if !slices.Equal(endpoint.Access, want) {
			t.Errorf("%s: got access %v, want %v", endpoint, endpoint.Access, want)
		}
	}
	server := apitest.Local(t, api)
	tokenOf := func(permissions ...string) string {
		return "Bearer " + must(tokens.Issue(t.Context(), auth.User{ID: "ann", Permissions: permissions}))
	}
	for _, test := range []struct {
		path, authorization string
		status              int
		challenge           string
	}{
		{"open/read", "", 200, ""},
		{"open/read", tokenOf(), 200, ""},
		{"open/read", "Bearer x", 401, `Bearer error="invalid_token"`},
		{"open/read", "Bearer ", 401, `Bearer error="invalid_token"`},
		{"open/read", "Basic YTpi", 200, ""}, // not ours
		{"orders/read", "", 401, "Bearer"},
		{"orders/read", tokenOf(), 403, ""},
		{"orders/read", tokenOf("orders:read"), 200, ""},
		{"orders/read", strings.Replace(tokenOf("orders:read"), "Bearer ", "bearer   ", 1), 200, ""},
		{"orders/create", tokenOf("orders:read"), 403, ""},
		{"orders/create", tokenOf("orders:*"), 200, ""},
		{"orders/create", tokenOf("*:create"), 200, ""},
		{"orders/create", tokenOf("*:*"), 200, ""},
		{"orders/create", tokenOf("*"), 403, ""},
		{"orders/create", tokenOf("order:*", "orders:", ":create", "*:read"), 403, ""},
	} {
		request, err := http.NewRequest("POST", server.URL+"/api/v0/"+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if test.authorization != "" {
			request.Header.Set("Authorization", test.authorization)
		}
		answer, err := server.HTTP().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != test.status || answer.Header.Get("WWW-Authenticate") != test.challenge {
			t.Errorf("%s with %.30s: got %d, %q, want %d, %q", test.path, test.authorization, answer.StatusCode, answer.Header.Get("WWW-Authenticate"), test.status, test.challenge)
		}
	}
}

// TestRefusedAtStart uses what can't work: the program does not start, and says why.
func TestRefusedAtStart(t *testing.T) {
	of, _ := keys(t, "HS256")
	for want, wrap := range map[string]func(apiphant.Handler) apiphant.Handler{
		"APIPHANT_TOKEN_KEYS_FILE": auth.Bearer(auth.Tokens{Issuer: "shop", Audience: "shop"}),
		"an Issuer":                auth.Bearer(auth.Tokens{Audience: "shop", Keys: of}),
		"a Verifier":               auth.Bearer(nil),
		"one permission":           auth.Require("orders:*"),
		`auth.Require("")`:         auth.Require(""),
		"the Rate 0":               auth.Limit{}.Middleware,
		"the Rate NaN":             auth.Limit{Rate: math.NaN()}.Middleware,
		"the Burst 2000000":        auth.Limit{Rate: 1, Burst: 2_000_000}.Middleware,
		"the By 7":                 auth.Limit{Rate: 1, By: 7}.Middleware,
		`auth.Require("a:b:c")`:    auth.Require("a:b:c"),
	} {
		if err := apiOf(wraps{"v0/orders": {wrap}}).Check(); err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), want) != 1 {
			t.Errorf("got %v, want one error with %q", err, want)
		}
	}
}

// TestLimit calls too often: the routes below a middleware count together, users apart.
func TestLimit(t *testing.T) {
	of, _ := keys(t, "HS256")
	tokens := tokensOf(of)
	server := apitest.Local(t, apiOf(wraps{"": {auth.Bearer(tokens, auth.Optional())},
		"v0/orders": {auth.Limit{Rate: 0.01, Burst: 2, By: auth.ByUser}.Middleware}}))
	call := func(user, path string) *http.Response {
		request := must(http.NewRequest("POST", server.URL+"/api/v0/"+path, nil))
		if user != "" {
			request.Header.Set("Authorization", "Bearer "+must(tokens.Issue(t.Context(), auth.User{ID: user})))
		}
		answer := must(server.HTTP().Do(request))
		answer.Body.Close()
		return answer
	}
	for i, step := range []struct {
		user, path string
		status     int
	}{
		{"ann", "orders/read", 200}, {"ann", "orders/create", 200}, {"ann", "orders/read", 429}, {"ann", "orders/create", 429},
		{"ann", "open/read", 200}, {"bob", "orders/read", 200},
		{"", "orders/read", 200}, {"", "orders/read", 200}, {"", "orders/read", 429},
	} {
		if answer := call(step.user, step.path); answer.StatusCode != step.status {
			t.Errorf("step %d: got %d, want %d", i, answer.StatusCode, step.status)
		}
	}
	answer := call("ann", "orders/read")
	for name, want := range map[string]string{"Retry-After": "100", "RateLimit": `"default";r=0;t=100`, "RateLimit-Policy": `"default";q=2;w=201`} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// TestVerifierIsDown has a Verifier that can't find out whose token it is.
func TestVerifierIsDown(t *testing.T) {
	server := apitest.Local(t, apiOf(wraps{"": {auth.Bearer(down{})}}))
	server.Header = http.Header{"Authorization": {"Bearer x"}}
	server.Test("open", "read", nil, 503, apiphant.Object{"error": "503 Service Unavailable"})
}

type down struct{}

func (down) Verify(context.Context, string) (auth.User, error) {
	return auth.User{}, errors.New("the issuer is down")
}

// TestLogNamesTheUser looks for the user, and for the token, in the log of a call.
func TestLogNamesTheUser(t *testing.T) {
	of, _ := keys(t, "HS256")
	tokens := tokensOf(of)
	token := must(tokens.Issue(t.Context(), auth.User{ID: "ann"}))
	var text bytes.Buffer
	ctx := apiphant.WithLog(t.Context(), slog.New(slog.NewTextHandler(&text, nil)))
	request := httptest.NewRequestWithContext(ctx, "POST", "/api/v0/open/read", nil)
	request.Header.Set("Authorization", "Bearer "+token)
	answer := httptest.NewRecorder()
	nethttp.Handler(apiOf(wraps{"": {auth.Bearer(tokens)}})).ServeHTTP(answer, request)
	if answer.Code != 200 || !strings.Contains(text.String(), "msg=called") || !strings.Contains(text.String(), "user=ann") {
		t.Errorf("got %d, and the log %q", answer.Code, text.String())
	}
	if strings.Contains(text.String(), token[:20]) {
		t.Errorf("the log has the token: %q", text.String())
	}
}
