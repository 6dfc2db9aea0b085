package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/apiphant/apiphant/bench/message"
)

// The rows of streams, and those that are written by hand.
var (
	rows     = apiphant("rows", echoPath)
	handRows = peer{name: "handrows", title: "net/http + encoding/json, by hand: each row is flushed"}
)

// streamedBody names a whole stream in tables.
var streamedBody = body{name: fmt.Sprintf("%d rows", message.Rows), text: message.Small()}

// Where the streams are. That of collected rows is by hand, without a flush: rows wait
// for a buffer of 4 KB to be full, for however long that takes.
const (
	rowsPath      = "/api/v1/rows/read"
	collectedPath = "/api/v1/collected/read"
	collected     = "by hand without a flush: rows wait for a full buffer"
)

// runStream compares streams with those by hand, row by row and collected.
func runStream(ctx context.Context, l *lab, r *results, name string) {
	servers, err := l.serveBoth(ctx, handRows, rows, l.serverCore)
	defer l.stopAll()
	for _, path := range []string{rowsPath, collectedPath} {
		over := measured{servers[0], load{body: streamedBody, path: path, connections: someConnections}}
		row := measured{servers[1], load{body: streamedBody, path: rowsPath, connections: someConnections}}
		c := cost{Part: name, Row: rows.name, Over: handRows.name, Body: streamedBody.name, Connections: someConnections}
		if path == collectedPath {
			c.Setting = collected
		}
		for _, m := range []measured{over, row} {
			if err == nil {
				err = m.checkRows(ctx)
			}
		}
		if err == nil {
			c.Ratio, c.Micros, c.OverMicros, err = l.measure(ctx, over, row, l.usual())
		}
		l.add(r, c, err)
	}
}

// checkRows returns an error unless the answer is the whole stream.
func (m measured) checkRows(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+m.server.address+m.load.path, strings.NewReader(m.load.body.text))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && string(text) != message.RowsText() {
		err = fmt.Errorf("%s: other work: got %.200s", m.server.peer.name, text)
	}
	return err
}

// streamed returns the ratio of streams to those by hand.
func streamed(setting string) func(*results) (Spread, bool) {
	return func(r *results) (Spread, bool) {
		for _, c := range r.Costs {
			if c.Row == rows.name && c.Setting == setting {
				return c.Ratio, true
			}
		}
		return Spread{}, false
	}
}
