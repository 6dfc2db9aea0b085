package supervisord

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// maxAnswer bounds an answer, in bytes. A process takes some 800.
const maxAnswer = 2 << 20

// Client asks one supervisord. It may be used concurrently.
type Client struct {
	http               http.Client
	url                string
	username, password string
}

// Open returns a client for the supervisord of a configuration file. It finds the
// address, and a password, where supervisorctl does: in the section supervisorctl.
func Open(configFile string) (*Client, error) {
	settings, err := readSection(configFile, "supervisorctl")
	if err != nil {
		return nil, err
	}
	c := &Client{username: settings["username"], password: settings["password"]}
	server := settings["serverurl"]
	if server == "" {
		server = "http://localhost:9001" // supervisorctl's own default
	}
	transport := &http.Transport{DisableKeepAlives: true}
	if socket, ok := strings.CutPrefix(server, "unix://"); ok {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}
		server = "http://supervisor"
	} else if !strings.HasPrefix(server, "http://") && !strings.HasPrefix(server, "https://") {
		return nil, fmt.Errorf("%s: serverurl=%s: want unix:///PATH or http://HOST:PORT", configFile, server)
	}
	c.http.Transport, c.url = transport, strings.TrimSuffix(server, "/")+"/RPC2"
	return c, nil
}

// maxWait bounds the wait for the answer of a method that stops nothing.
const maxWait = 20 * time.Second

// call calls a method that does not wait for the end of a process.
func (c *Client) call(ctx context.Context, method string, params ...any) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	return c.wait(ctx, method, params...)
}

// wait calls a method, which may take as long as ctx.
func (c *Client) wait(ctx context.Context, method string, params ...any) (any, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(encode(method, params)))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "text/xml")
	if c.username != "" {
		request.SetBasicAuth(c.username, c.password)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("supervisord does not answer: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("supervisord answers %s to %s", answer.Status, method)
	}
	value, err := decode(io.LimitReader(answer.Body, maxAnswer))
	if fault := (*Fault)(nil); err != nil && !errors.As(err, &fault) {
		return nil, fmt.Errorf("supervisord, %s: %w", method, err)
	}
	return value, err
}
