package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/database"
	"github.com/apiphant/apiphant/internal/admin"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/ending"
	"github.com/apiphant/apiphant/internal/logging"
	"github.com/apiphant/apiphant/program"
	"github.com/apiphant/apiphant/server"
)

// session is a product while it is served.
type session struct {
	program.Product
	settings *Settings
	log      *logging.Log
	address  *server.Reservation
	listener net.Listener // nil: Start has not returned
	server   *server.Server
	admin    *admin.Admin // nil: there is none
}

// open takes everything that another program may have, or that may be wrong, before
// the product's Start begins anything.
func (s *session) open(ctx context.Context, hostPort string) error {
	if len(s.settings.AllowOrigins) > 0 {
		s.API.AllowOrigins = s.settings.AllowOrigins
	}
	if len(s.settings.Hosts) > 0 {
		s.API.Hosts = s.settings.Hosts
	}
	if err := s.Check(); err != nil {
		return err
	}
	certificate, err := s.settings.certificate()
	if err != nil {
		return err
	}
	isSuccessor := os.Getenv("LISTEN_FDS") != "" // read here, since Reserve removes the variable
	if s.address, err = server.Reserve(hostPort); err != nil {
		return err
	}
	s.server = s.settings.server(s.API, s.log)
	s.server.Certificate = certificate
	if err := s.openAdmin(ctx, isSuccessor); err != nil {
		s.close()
		return err
	}
	return nil
}

// openAdmin makes the server count, and answers at --admin, if that is set.
func (s *session) openAdmin(ctx context.Context, isSuccessor bool) error {
	if s.settings.Admin == "" {
		return nil
	}
	s.server.Metrics = server.NewMetrics(s.API)
	s.admin = admin.New(ctx, s.Name, s.log, s.server.Metrics)
	return s.admin.Listen(s.settings.Admin, s.settings.Hosts, isSuccessor)
}

func (s *session) close() {
	s.admin.Close()
	_ = s.address.Close()
}

// run serves until ctx ends, between the product's Start and Stop. succeed is
// called once the server is about to accept; it begins to wait for a successor,
// and what it returns ends that.
//
// The listener is opened after Start: until then clients are refused, and so are
// those of a Start that never returns.
func (s *session) run(ctx context.Context, succeed func(context.Context) (wait func())) (err error) {
	ctx, closeDatabase, err := s.OpenDatabase(ctx, s.settings.Database, s.settings.Migrate)
	if err != nil {
		return err
	}
	defer ending.Close(closeDatabase)
	s.server.OtherDescriptors = databaseDescriptors(ctx)
	if err := s.server.CheckDescriptors(); err != nil {
		return err
	}
	if err := s.Start(ctx); err != nil {
		return err
	}
	end, release := ending.New(ctx, s.settings.DrainWindow.Duration+s.settings.Drain+time.Second)
	defer release()
	defer func() { err = errors.Join(err, end.Stop(ctx, s.Stop)) }()
	s.API.Timeout, s.API.StreamTimeout = command.OffIfZero(s.settings.Timeout), s.settings.StreamTimeout
	s.API.Strict = s.API.Strict || s.settings.Strict // the product may have set it
	s.API.AcceptGzip = s.API.AcceptGzip || s.settings.AcceptGzip
	if ctx.Err() != nil { // it is to end already
		return nil
	}
	if s.listener, err = s.address.Listen(); err != nil {
		return err
	}
	s.announce()
	s.admin.SetReady(ctx)
	defer succeed(ctx)()
	return s.server.Serve(ctx, s.listener)
}

// databaseDescriptors returns how many file descriptors the pool of the database may
// still open: two for each connection, since SQLite has a file and its log open.
func databaseDescriptors(ctx context.Context) int {
	db, err := database.Of(ctx)
	if err != nil {
		return 0
	}
	stats := db.Stats()
	return 2 * (stats.Max - stats.InUse - stats.Idle)
}

// announce logs what is served, and where. From then on requests are answered:
// programs wait for this line, and read there which port was taken.
func (s *session) announce() {
	source := filepath.Join(cmp.Or(s.settings.Source, s.Name), "api")
	scheme := "http"
	if s.settings.TLSCert != "" {
		scheme = "https"
	}
	s.log.Announce(fmt.Sprintf("Apiphant is serving %s at %s://%s%s", source, scheme, s.listener.Addr(), apiphant.PathPrefix))
}
