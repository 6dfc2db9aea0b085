// Package logging is the log of a program that runs: lines for people or JSON,
// on standard error or in a file, from any number of goroutines.
//
// Lines are written by one goroutine of their own: a reader that has stopped
// reading, or a full disk, never blocks a caller. What apiphant itself logs about
// requests is limited in rate, long texts are cut, and every line that is left
// out is counted. Access logs have a faster path than other lines.
//
// The callers' logger is a [log/slog.Logger]; zap is behind it.
package logging
