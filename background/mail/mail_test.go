package mail_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/mail"
)

// serve is an SMTP server that takes mails, or refuses them.
func serve(t *testing.T, refuse *atomic.Bool) (port int, mails <-chan string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	came := make(chan string, 10)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			take(conn, refuse, came)
		}
	}()
	return ln.Addr().(*net.TCPAddr).Port, came
}

func take(conn net.Conn, refuse *atomic.Bool, came chan<- string) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 test")
	var mail strings.Builder
	inData := false
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		line := lines.Text()
		switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); {
		case inData && line == ".":
			inData = false
			came <- mail.String()
			mail.Reset()
			say("250 taken")
		case inData:
			mail.WriteString(line + "\n")
		case verb == "EHLO":
			say("250 test")
		case verb == "MAIL" && refuse.Load():
			say("550 no")
		case verb == "DATA":
			inData = true
			say("354 go on")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func TestSend(t *testing.T) {
	var refuse atomic.Bool
	port, mails := serve(t, &refuse)
	mailer := &mail.Mailer{
		Host: "127.0.0.1", Port: port, Plain: true, From: "a@example.com", To: []string{"b@example.com", "c@example.com"},
		Subject: "myproduct", Every: time.Hour,
	}
	failure := func(task string) background.Failure {
		return background.Failure{Task: task, Err: errors.New("no luck"), Stack: "x.F\n\tx.go:1", Started: time.Unix(0, 0), Took: time.Second}
	}
	send := func(failure background.Failure) error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		return mailer.Send(ctx, failure)
	}
	next := func(want ...string) {
		t.Helper()
		select {
		case got := <-mails:
			for _, part := range want {
				if !strings.Contains(got, part) {
					t.Errorf("the mail lacks %q:\n%s", part, got)
				}
			}
		case <-time.After(10 * time.Second):
			t.Fatal("no mail came")
		}
	}
	none := func() {
		t.Helper()
		select {
		case got := <-mails:
			t.Errorf("a mail came:\n%s", got)
		default:
		}
	}

	refuse.Store(true)
	if err := send(failure("A")); err == nil {
		t.Error("a mail that was refused is no error")
	}
	refuse.Store(false)
	for range 3 {
		if err := send(failure("A")); err != nil {
			t.Fatal(err)
		}
	}
	next("Subject: myproduct: Task A failed\n", "To: <b@example.com>, <c@example.com>\n", "Task A failed:\nno luck\nx.F\n", "1970-01-01T00:00:00Z",
		"Failures since the last mail that were left out: 1.")
	none()
	if err := send(failure("B\r\nBcc: d@example.com")); err != nil { // of another task
		t.Fatal(err)
	}
	next("Subject: myproduct: Task B Bcc: d@example.com failed\n")

	mailer.Every = -1
	if err := send(failure("A")); err != nil {
		t.Fatal(err)
	}
	next("Failures since the last mail that were left out: 2.")

	if err := (&mail.Mailer{Host: "x"}).Send(t.Context(), failure("A")); err == nil {
		t.Error("a mail to nobody is no error")
	}
	strict := &mail.Mailer{Host: "127.0.0.1", Port: port, From: "a@example.com", To: []string{"b@example.com"}}
	if err := strict.Send(t.Context(), failure("A")); err == nil {
		t.Error("it was sent without TLS")
	}
	none()
}
