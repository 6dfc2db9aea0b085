package server_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/server"
)

// seen is what a function can see of a request.
type seen struct {
	Method, URL, Path, RawPath, RawQuery, Proto, Host, RequestURI string
	ProtoMajor, ProtoMinor                                        int
	Header                                                        http.Header
	ContentLength                                                 int64
	TransferEncoding                                              []string
	Form                                                          map[string][]string
	Cookies                                                       []string
	Body                                                          string
	BodyErr                                                       string
	RemoteIP                                                      string
	HasBody                                                       bool
}

// tell answers with all of it.
func tell(w http.ResponseWriter, r *http.Request) {
	s := seen{
		Method: r.Method, URL: r.URL.String(), Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery,
		Proto: r.Proto, Host: r.Host, RequestURI: r.RequestURI, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor,
		Header: r.Header, ContentLength: r.ContentLength, TransferEncoding: r.TransferEncoding,
		Form: r.URL.Query(), HasBody: r.Body != http.NoBody,
	}
	for _, cookie := range r.Cookies() {
		s.Cookies = append(s.Cookies, cookie.String())
	}
	s.RemoteIP, _, _ = net.SplitHostPort(r.RemoteAddr)
	body, err := io.ReadAll(r.Body)
	s.Body, s.BodyErr = string(body), fmt.Sprint(err)
	_ = json.NewEncoder(w).Encode(s)
}

// TestRawRequestIsNetHTTPs sends the same bytes to this server and to
// net/http's, and compares what a function sees.
func TestRawRequestIsNetHTTPs(t *testing.T) {
	const path = "/api/v0/raw/read"
	requests := []string{
		"GET " + path + " HTTP/1.1\r\nHost: a.example\r\n\r\n",
		"GET " + path + "?a=1&b=%20x&a=2;c HTTP/1.1\r\nHost: a.example:80\r\n\r\n",
		"GET " + path + "? HTTP/1.1\r\nHost: a.example\r\n\r\n",
		"GET " + path + "?%zz=%/..//\" HTTP/1.1\r\nHost: a.example\r\n\r\n",
		"GET http://A.example" + path + "?q HTTP/1.1\r\nHost: a.example\r\n\r\n",
		"GET https://b.example:8443" + path + " HTTP/1.1\r\nHost: b.example:8443\r\n\r\n",
		"PATCH " + path + " HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 3\r\n\r\nabc",
		"POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
		"POST " + path + " HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
		"POST " + path + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"POST " + path + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
		"POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 60\r\n\r\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nbbb\r\n--x--\r\n",
		"POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b",
		"GET " + path + " HTTP/1.1\r\nHost: a\r\nX-Many: 1\r\nx-many: 2\r\nX-MANY:  3 \r\nx_under: 4\r\nX-Empty:\r\n\r\n",
		"GET " + path + " HTTP/1.1\r\nHost: a\r\nContent-Type: 1\r\nContent-Type: 2\r\nUser-Agent: 3\r\nUser-Agent: 4\r\n\r\n",
		"GET " + path + " HTTP/1.1\r\nHost: a\r\nCookie: a=1; b=\"2\"; c\r\nCookie: d=4\r\n\r\n",
		"GET " + path + " HTTP/1.1\r\nHost: a\r\nAuthorization: Basic eDp5\r\nAccept: */*\r\nIf-None-Match: \"x\"\r\n\r\n",
		"GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, x\r\n\r\n",
		"GET " + path + " HTTP/1.1\r\nHost: a\r\nX-Utf8: \u00e4\u20ac\r\n\r\n",
		"GET " + path + " HTTP/1.0\r\n\r\n",
		"POST " + path + " HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
	}
	twin := httptest.NewServer(http.HandlerFunc(tell))
	defer twin.Close()
	running := start(t, raw(tell), &server.Server{})
	for _, request := range requests {
		got, want := askSeen(t, running.address, request), askSeen(t, twin.Listener.Addr().String(), request)
		if difference := cmp.Diff(want, got); difference != "" {
			t.Errorf("%q: net/http's -, this +:\n%s", request, difference)
		}
	}
}

func askSeen(t *testing.T, address, request string) (s seen) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(c, request)
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		t.Fatalf("%q: %d, %v", request, r.StatusCode, err)
	}
	return s
}

// TestWhatIsKeptDoesNotChange keeps everything that functions were given, and
// looks at it again after many other requests on the same connection.
func TestWhatIsKeptDoesNotChange(t *testing.T) {
	keep := &keeper{}
	c := start(t, keep.api(), &server.Server{}).dial()
	const n = 300
	for i := range n {
		unique := fmt.Sprint(1000 + i)
		body := strings.ReplaceAll(`{"U":"U","in":[{"U":U.5,"x":"in U"}],"e":""}`, "U", unique)
		c.ask(fmt.Sprintf("POST /api/v0/keep/read HTTP/1.1\r\nHost: %[1]s\r\nX-Request-Id: %[1]s\r\nX-Some: %[1]s\r\nContent-Length: %[2]d\r\n\r\n%[3]s", unique, len(body), body))
		c.ask(fmt.Sprintf("PUT /api/v0/keep/create?q=%[1]s HTTP/1.1\r\nHost: %[1]s\r\nX-Some: %[1]s\r\nCookie: a=%[1]s\r\nUser-Agent: %[1]s\r\nContent-Length: 4\r\n\r\n%[1]s", unique))
	}
	if len(keep.now) != 2*n {
		t.Fatalf("got %d calls, want %d", len(keep.now), 2*n)
	}
	for i, then := range keep.then {
		if now := keep.now[i](); now != then {
			t.Errorf("call %d: was %s, is %s", i, then, now)
		}
	}
}
