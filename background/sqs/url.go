package sqs

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/apiphant/apiphant/database"
)

// place is where a queue is.
type place struct {
	region, account, name string
	endpoint              string // "": AWS's own
}

// urlError is an error in a URL. It counts as [database.ErrURL].
type urlError string

func (e urlError) Error() string { return string(e) }

func (urlError) Is(target error) bool { return target == database.ErrURL }

const errURL urlError = "want sqs://REGION/ACCOUNT/QUEUE, such as sqs://eu-central-1/123456789012/jobs"

var (
	regionForm  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	accountForm = regexp.MustCompile(`^[0-9]{1,20}$`)
	nameForm    = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.fifo)?$`)
)

// parseURL returns the place that a URL names.
func parseURL(text string) (place, error) {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return place{}, errURL
	}
	account, name, found := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	p := place{region: u.Host, account: account, name: name}
	switch {
	case strings.Contains(u.Host, "amazonaws"):
		return place{}, fmt.Errorf("the host is %s: %w: of the queue's own URL the region is enough", u.Host, errURL)
	case !found:
		return place{}, errURL
	case !regionForm.MatchString(p.region):
		return place{}, fmt.Errorf("region %q: %w", p.region, errURL)
	case !accountForm.MatchString(p.account):
		return place{}, fmt.Errorf("account %q: want its number: %w", p.account, errURL)
	case !nameForm.MatchString(p.name) || len(p.name) > 80:
		return place{}, fmt.Errorf("queue %q: want at most 80 letters, digits, _ and -, with .fifo behind them if it is a FIFO queue: %w", p.name, errURL)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return place{}, errURL
	}
	for key := range query {
		if key != "endpoint" {
			return place{}, urlError(fmt.Sprintf("parameter %q: want endpoint or none", key))
		}
	}
	if query.Has("endpoint") {
		p.endpoint, err = parseEndpoint(query.Get("endpoint"))
	}
	return p, err
}

func parseEndpoint(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", urlError(fmt.Sprintf("endpoint: want http://HOST:PORT or https://HOST:PORT, got %q", text))
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

// isFIFO reports whether the queue is a FIFO queue.
func (p place) isFIFO() bool { return strings.HasSuffix(p.name, ".fifo") }
