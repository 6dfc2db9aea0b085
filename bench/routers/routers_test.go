// Package routers_test mounts a product in the routers that many servers have,
// beside other routes. It is in this module so that no router enters go.mod of
// who uses apiphant.
package routers_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/labstack/echo/v4"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/doortest"
	"github.com/apiphant/apiphant/nethttp"
)

func page(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a page") }

// routers have an API at /api/ and a page at /page.
var routers = map[string]func(api http.Handler) http.Handler{
	"chi, Mount": func(api http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(middleware.Recoverer, middleware.RequestID)
		r.Get("/page", page)
		r.Mount("/api", api)
		return r
	},
	"chi, Handle": func(api http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Get("/page", page)
		r.Handle("/api/*", api)
		return r
	},
	"gin": func(api http.Handler) http.Handler {
		gin.SetMode(gin.ReleaseMode)
		r := gin.New()
		r.GET("/page", gin.WrapF(page))
		r.Any("/api/*path", gin.WrapH(api))
		return r
	},
	"echo": func(api http.Handler) http.Handler {
		r := echo.New()
		r.GET("/page", echo.WrapHandler(http.HandlerFunc(page)))
		r.Any("/api/*", echo.WrapHandler(api))
		return r
	},
}

func TestMountedProductConforms(t *testing.T) {
	for name, mount := range routers {
		t.Run(name, func(t *testing.T) {
			doortest.Suite{
				ClientGone: true,
				Open: func(t *testing.T, api *apiphant.API) string {
					url := serve(t, mount(nethttp.Handler(api)))
					answer, err := http.Get(url + "/page")
					if err != nil {
						t.Fatal(err)
					}
					defer answer.Body.Close()
					if text, err := io.ReadAll(answer.Body); string(text) != "a page" {
						t.Errorf("beside the product: got %q and %v, want the page", text, err)
					}
					return url
				},
			}.Run(t)
		})
	}
}

// serve serves a handler for the time of a test, without a log.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.BaseContext = func(net.Listener) context.Context {
		return apiphant.WithLog(context.Background(), slog.New(slog.DiscardHandler))
	}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}
