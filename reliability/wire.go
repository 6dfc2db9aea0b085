package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxWait bounds the wait for an answer that must come.
const maxWait = 30 * time.Second

// wire is a client's connection.
type wire struct {
	net.Conn // the TLS connection, or tcp
	tcp      *net.TCPConn
	in       *bufio.Reader
}

var dials atomic.Int64

// overTLS is the prefix of an address that speaks TLS.
const overTLS = "tls:"

// dial connects from one of several local addresses, since one address has ports for
// only 28,000 connections.
func dial(address string) (*wire, error) {
	local := net.IPv4(127, 0, 0, byte(2+dials.Add(1)%8))
	dialer := net.Dialer{Timeout: maxWait, LocalAddr: &net.TCPAddr{IP: local}}
	plain, secure := strings.CutPrefix(address, overTLS)
	conn, err := dialer.Dial("tcp", plain)
	if err != nil {
		return nil, err
	}
	tcp := conn.(*net.TCPConn)
	if secure {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // the certificate is self-signed
	}
	return &wire{conn, tcp, bufio.NewReaderSize(conn, 1<<10)}, nil
}

// post returns the bytes of a POST request.
func post(path, body string, headers ...string) string {
	var more strings.Builder
	for _, header := range headers {
		more.WriteString(header + "\r\n")
	}
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: product\r\n%sContent-Length: %d\r\n\r\n%s", path, more.String(), len(body), body)
}

const (
	echoPath = "/api/v0/echo/read"
	echoBody = `{"hello":"world"}`
)

// answer is a complete answer.
type answer struct {
	status int
	header http.Header
	body   []byte
	last   bool // the server closes the connection after it
}

// ask sends a request and reads its answer.
func (w *wire) ask(request string, maxWait time.Duration) (answer, error) {
	_ = w.SetDeadline(time.Now().Add(maxWait))
	if _, err := io.WriteString(w, request); err != nil {
		return answer{}, err
	}
	return w.read(maxWait)
}

// read reads an answer. An incomplete one is an error.
func (w *wire) read(maxWait time.Duration) (answer, error) {
	_ = w.SetReadDeadline(time.Now().Add(maxWait))
	response, err := http.ReadResponse(w.in, nil)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	return answer{response.StatusCode, response.Header, body, response.Close}, nil
}

// closed waits until the server has closed the connection. Further bytes are an error.
func (w *wire) closed(maxWait time.Duration) error {
	_ = w.SetReadDeadline(time.Now().Add(maxWait))
	switch n, err := io.Copy(io.Discard, w.in); {
	case n > 0:
		return fmt.Errorf("%d more bytes came", n)
	case isTimeout(err):
		return fmt.Errorf("not closed within %s", maxWait)
	default:
		return nil
	}
}

// reset closes the connection with a TCP reset.
func (w *wire) reset() {
	_ = w.tcp.SetLinger(0)
	_ = w.tcp.Close()
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

// isError returns an error unless the answer has this status and a JSON error.
func (a answer) isError(status int) error {
	if a.status != status {
		return fmt.Errorf("answered %d in place of %d", a.status, status)
	}
	var form struct{ Error any }
	if a.header.Get("Content-Type") != "application/json" || json.Unmarshal(a.body, &form) != nil || form.Error == nil {
		return fmt.Errorf("%d is not answered as JSON: %.100q", status, a.body)
	}
	return nil
}

// call calls a function of the product on a connection of its own.
func call(address, path, request string, response any) error {
	w, err := dial(address)
	if err != nil {
		return err
	}
	defer w.Close()
	a, err := w.ask(post(path, request), maxWait)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("%s answered %d %.200s", path, a.status, bytes.TrimSpace(a.body))
	}
	if response == nil {
		return nil
	}
	return json.Unmarshal(a.body, response)
}

// together calls do n times, with a number of workers at a time, and returns the
// errors.
func together(n, workers int, do func(i int) error) []error {
	var next atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, n)
	for range min(workers, n) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				errs[i] = do(i)
			}
		})
	}
	group.Wait()
	var failed []error
	for _, err := range errs {
		if err != nil {
			failed = append(failed, err)
		}
	}
	return failed
}

func texts(errs []error) []string {
	var list []string
	for _, err := range errs {
		list = append(list, err.Error())
	}
	return list
}
