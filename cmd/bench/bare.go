package main

import (
	"encoding/json"
	"net/http"
	"os"
	"time"

	"github.com/labstack/echo/v4"
)

// An answer is what the bare server gives to every request.
type answer struct {
	Listen, Path string
	Status       int
	Header       http.Header // but for what the HTTP library sets by itself
	Body         []byte
}

// serveBare is what the bare server runs: Echo, one handler that writes the
// answer, and the limits that any server on a network needs. It is told the
// answer on standard input.
func serveBare() error {
	var a answer
	if err := json.NewDecoder(os.Stdin).Decode(&a); err != nil {
		return err
	}
	kind := a.Header.Get("Content-Type")
	a.Header.Del("Content-Type")
	e := echo.New()
	e.GET(a.Path, func(c echo.Context) error {
		h := c.Response().Header()
		for name, values := range a.Header {
			h[name] = values
		}
		if len(a.Body) == 0 {
			return c.NoContent(a.Status)
		}
		return c.Blob(a.Status, kind, a.Body)
	})
	server := &http.Server{Addr: a.Listen, Handler: e, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 60 * time.Second, MaxHeaderBytes: 16 << 10}
	return server.ListenAndServe()
}
