// Package mail is a ready-made OnError, which sends failures by e-mail.
//
//	var onError = mail.Mailer{Host: "smtp.example.com", Username: "myproduct", Password: os.Getenv("SMTP_PASSWORD"),
//		From: "myproduct@example.com", To: []string{"ann@example.com"}}
//
//	func OnError(ctx context.Context, failure background.Failure) error {
//		return onError.Send(ctx, failure)
//	}
package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/apiphant/apiphant/background"
)

// DefaultEvery is the shortest time between two mails about the same task.
const DefaultEvery = 15 * time.Minute

// Mailer sends failures by SMTP. In the time of Every it sends one mail at most
// for each task or job; the next mail has the number of failures since the last.
// Its methods may be called concurrently; its fields must not be changed then.
type Mailer struct {
	Host     string // of the SMTP server
	Port     int    // 0: 587, and 465 where ImplicitTLS is set
	Username string // "": no authentication
	Password string

	// ImplicitTLS starts TLS when it connects, as on port 465. The default is
	// STARTTLS; if the server does not offer it, nothing is sent.
	ImplicitTLS bool

	// Plain sends without TLS, to a server on this machine.
	Plain bool

	From    string
	To      []string
	Subject string // the beginning of the subject, before the task's name; "": the name of the host

	Every time.Duration // the shortest time between two mails about a task; 0: DefaultEvery; negative: none

	mu    sync.Mutex
	tasks map[string]*sent
}

// sent is the state of one task: when the last mail was sent, and how many failures
// had none since.
type sent struct {
	last    time.Time
	leftOut int
}

// Send sends a failure, unless a mail about its task was sent in the time of
// Every. If the mail can't be sent, it returns an error, and the next failure is
// sent again.
func (m *Mailer) Send(ctx context.Context, failure background.Failure) error {
	if m.Host == "" || m.From == "" || len(m.To) == 0 {
		return errors.New("a mail needs Host, From and To")
	}
	now := time.Now()
	before, due := m.take(failure.Task, now)
	if !due {
		return nil
	}
	if err := m.mail(ctx, failure, before.leftOut); err != nil {
		m.giveBack(failure.Task, before)
		return err
	}
	return nil
}

// take counts a failure. It returns the state of the task before, and whether a
// mail is to be sent.
func (m *Mailer) take(task string, now time.Time) (before sent, due bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tasks == nil {
		m.tasks = map[string]*sent{}
	}
	of := m.tasks[task]
	if of == nil {
		of = &sent{}
		m.tasks[task] = of
	}
	if before = *of; !of.last.IsZero() && now.Sub(of.last) < cmp.Or(m.Every, DefaultEvery) {
		of.leftOut++
		return before, false
	}
	*of = sent{last: now}
	return before, true
}

// giveBack undoes take after a mail that could not be sent, and counts its failure.
func (m *Mailer) giveBack(task string, before sent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tasks[task] = &sent{last: before.last, leftOut: before.leftOut + 1}
}

func (m *Mailer) mail(ctx context.Context, failure background.Failure, leftOut int) error {
	message := mail.NewMsg()
	if err := errors.Join(message.From(m.From), message.To(m.To...)); err != nil {
		return err
	}
	host, _ := os.Hostname()
	what := "Task"
	if failure.Job {
		what = "Job"
	}
	message.Subject(oneLine(fmt.Sprintf("%s: %s %s failed", cmp.Or(m.Subject, host), what, failure.Task)))
	message.SetDate()
	message.SetMessageID()
	text := fmt.Sprintf("%s\n\nBegan %s, took %s, on %s.\n", failure, failure.Started.UTC().Format(time.RFC3339), failure.Took.Round(time.Millisecond), host)
	if failure.Job {
		text += fmt.Sprintf("It was attempt %d.\n", failure.Attempt)
	}
	if leftOut > 0 {
		text += fmt.Sprintf("Failures since the last mail that were left out: %d.\n", leftOut)
	}
	message.SetBodyString(mail.TypeTextPlain, text)
	client, err := m.client()
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, message)
}

func (m *Mailer) client() (*mail.Client, error) {
	options := []mail.Option{mail.WithTimeout(20 * time.Second), mail.WithPort(cmp.Or(m.Port, mail.DefaultPortTLS)), mail.WithTLSPolicy(mail.TLSMandatory)}
	switch {
	case m.Plain:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	case m.ImplicitTLS:
		options = append(options, mail.WithSSL(), mail.WithPort(cmp.Or(m.Port, mail.DefaultPortSSL)))
	}
	if m.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.Username), mail.WithPassword(m.Password))
	}
	return mail.NewClient(m.Host, options...)
}

// oneLine keeps line breaks in a name from becoming headers of the mail.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
