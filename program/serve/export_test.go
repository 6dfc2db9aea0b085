package serve

import (
	"time"

	"github.com/apiphant/apiphant/internal/logging"
	"github.com/apiphant/apiphant/server"
)

// AccessLog returns what writes the access log to a log.
func AccessLog(log *logging.Log) func(*server.Access) { return accessLog(log) }

// Hurry returns a Door whose successors must be ready within d.
func Hurry(d time.Duration) Door { return Door{successorTimeout: d} }
