package runtimeapi

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// connection is the one to the runtime API. It is made when it is needed.
type connection struct {
	host   string // HOST:PORT
	prefix string // of all paths
	conn   net.Conn
	reader *bufio.Reader
	writer *bufio.Writer
}

func newConnection(address string) *connection {
	host, path, _ := strings.Cut(address, "/")
	if path != "" {
		path = "/" + path
	}
	return &connection{host: host, prefix: path + "/2018-06-01/runtime/invocation/"}
}

func (c *connection) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// errUnanswered is the error where nothing of an answer has come.
var errUnanswered = errors.New("no answer")

// ask sends a request, and returns the header and the body of the answer. Where a
// connection that was in use has ended meanwhile, it asks once more over a new one.
func (c *connection) ask(method, path, contentType string, body []byte) (http.Header, []byte, error) {
	used := c.conn != nil
	header, answer, err := c.try(method, path, contentType, body)
	if used && errors.Is(err, errUnanswered) {
		header, answer, err = c.try(method, path, contentType, body)
	}
	return header, answer, err
}

// try asks once. After an error the connection is closed.
func (c *connection) try(method, path, contentType string, body []byte) (http.Header, []byte, error) {
	if err := c.open(); err != nil {
		return nil, nil, err
	}
	header, answer, keep, err := c.exchange(method, path, contentType, body)
	if err != nil || !keep {
		c.close()
	}
	return header, answer, err
}

func (c *connection) open() (err error) {
	if c.conn != nil {
		return nil
	}
	if c.conn, err = net.Dial("tcp", c.host); err != nil {
		c.conn = nil
		return err
	}
	c.reader, c.writer = bufio.NewReaderSize(c.conn, 8<<10), bufio.NewWriterSize(c.conn, 8<<10)
	return nil
}

func (c *connection) exchange(method, path, contentType string, body []byte) (header http.Header, answer []byte, keep bool, err error) {
	if err := c.send(method, path, contentType, body); err != nil {
		return nil, nil, false, fmt.Errorf("%w: %w", errUnanswered, err)
	}
	if _, err := c.reader.Peek(1); err != nil {
		return nil, nil, false, fmt.Errorf("%w: %w", errUnanswered, err)
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return nil, nil, false, err
	}
	answer, err = read(response)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %.300s", response.Status, answer)
	}
	return response.Header, answer, !response.Close, err
}

// send writes a request.
func (c *connection) send(method, path, contentType string, body []byte) error {
	to := c.writer
	for _, text := range [...]string{method, " ", c.prefix, path, " HTTP/1.1\r\nHost: ", c.host, "\r\nUser-Agent: apiphant\r\n"} {
		_, _ = to.WriteString(text) // an error stays, and Flush returns it
	}
	if method == http.MethodPost {
		for _, text := range [...]string{"Content-Type: ", contentType, "\r\nContent-Length: "} {
			_, _ = to.WriteString(text)
		}
		_, _ = to.Write(strconv.AppendInt(to.AvailableBuffer(), int64(len(body)), 10))
		_, _ = to.WriteString("\r\n")
	}
	_, _ = to.WriteString("\r\n")
	_, _ = to.Write(body)
	return to.Flush()
}

// read returns the body of an answer. Lambda bounds events itself.
func read(response *http.Response) ([]byte, error) {
	defer response.Body.Close()
	if response.ContentLength < 0 {
		return io.ReadAll(response.Body)
	}
	var body bytes.Buffer
	body.Grow(int(min(response.ContentLength, 8<<20)) + bytes.MinRead)
	_, err := body.ReadFrom(response.Body)
	return body.Bytes(), err
}
