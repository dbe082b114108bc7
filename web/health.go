package web

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// healthz says that the process is up.
func healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// readyz says whether a request would be answered: the database is there and
// migrated, and the server is not about to end. It also says when tokens cost
// more, or withdrawals take longer, than they should.
func (s *Server) readyz(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 2*time.Second)
	defer cancel()
	err := s.Store.Ready(ctx)
	if err == nil && s.draining.Load() {
		err = &models.Error{Kind: models.Unavailable, Message: "The server is about to stop."}
	}
	if err != nil {
		return &models.Error{Kind: models.Unavailable, Message: "Not ready: " + models.AsError(err).Message, RetryAfter: time.Second, Err: err}
	}
	return c.String(http.StatusOK, "ready\n"+verification(s.Store.Memory()))
}

// verification says in words where tokens are verified and how withdrawals
// arrive.
func verification(m models.MemoryState) string {
	switch {
	case !m.Serving:
		return "tokens: verified by the database\n"
	case !m.Waking:
		return "tokens: verified from memory\nwithdrawals: heard of by renewal alone\n"
	}
	return "tokens: verified from memory\nwithdrawals: heard of at once\n"
}

func ping(c echo.Context) error { return c.JSON(http.StatusOK, map[string]string{"status": "ok"}) }
