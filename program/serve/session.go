package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/admin"
	"github.com/apiphant/apiphant/internal/logging"
	"github.com/apiphant/apiphant/program"
	"github.com/apiphant/apiphant/server"
)

// session is a product while it is served.
type session struct {
	program.Product
	settings *Settings
	log      *logging.Log
	listener net.Listener
	server   *server.Server
	admin    *admin.Admin // nil: there is none
}

// openAdmin makes the server count, and answers at --admin, if that is set.
func (s *session) openAdmin(ctx context.Context, isSuccessor bool) error {
	if s.settings.Admin == "" {
		return nil
	}
	s.server.Metrics = server.NewMetrics(s.API)
	s.admin = admin.New(ctx, s.Name, s.log, s.server.Metrics)
	if err := s.admin.Listen(s.settings.Admin, isSuccessor); err != nil {
		s.admin.Close()
		return err
	}
	return nil
}

// run serves until ctx ends, between the product's Start and Stop. succeed is
// called once the server is about to accept; it begins to wait for a successor,
// and what it returns ends that.
func (s *session) run(ctx context.Context, succeed func(context.Context) (wait func())) (err error) {
	ctx, closeDatabase, err := s.OpenDatabase(ctx, s.settings.Database, s.settings.Migrate)
	if err != nil {
		return err
	}
	defer closeDatabase()
	s.announce()
	s.admin.LogWarning()
	if err := s.Start(ctx); err != nil {
		return err
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.settings.Drain+time.Second)
		defer cancel()
		err = errors.Join(err, s.Stop(ending))
	}()
	s.API.Timeout = offIfZero(s.settings.Timeout)
	s.API.Strict = s.API.Strict || s.settings.Strict // the product may have set it
	s.admin.SetReady(ctx)
	defer succeed(ctx)()
	return s.server.Serve(ctx, s.listener)
}

// announce writes the first line of the log, which says what is served, and
// where. It comes before what Start logs, so that a program can read there which
// port was taken.
func (s *session) announce() {
	source := filepath.Join(cmp.Or(s.settings.Source, s.Name), "api")
	scheme := "http"
	if s.settings.TLSCert != "" {
		scheme = "https"
	}
	s.log.First(fmt.Sprintf("Apiphant is serving %s at %s://%s%s", source, scheme, s.listener.Addr(), apiphant.PathPrefix))
}
