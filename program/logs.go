package program

import (
	"fmt"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logs is the log of a program that runs, whole: the lines of functions and of
// the program, and those of the access log, in one form to one place.
type logs struct {
	*zap.Logger
	form   string
	file   bool // it goes to a file, not to stderr
	stderr io.Writer
	output *output
	flood  *flood
}

// addLogFlags adds the flags of whatever has a log.
func addLogFlags(flags *pflag.FlagSet, form, file *string) {
	flags.StringVar(form, "log", LogText, "the `form` of the log: text for people, json for machines")
	flags.StringVar(file, "log-file", "", "append the log to the file of this `PATH`, which SIGUSR1 opens anew, and not to standard error")
}

func checkLogForm(form string) error {
	if form != LogText && form != LogJSON {
		return UsageError{fmt.Errorf("--log is %q: want %s or %s", form, LogText, LogJSON)}
	}
	return nil
}

// openLog opens the log, which is to be closed: to a file, or "" for stderr.
func openLog(form, file string, stderr io.Writer) (*logs, error) {
	own := newEncoder(form)
	output, err := openOutput(file, stderr, func(message string) []byte {
		line, err := own.EncodeEntry(zapcore.Entry{Level: zapcore.WarnLevel, Time: time.Now(), Message: message}, nil)
		if err != nil {
			return nil
		}
		return line.Bytes()
	})
	if err != nil {
		return nil, err
	}
	core, flood := newCore(form, output)
	return &logs{
		Logger: zap.New(core, zap.AddCaller()),
		form:   form, file: file != "", stderr: stderr, output: output, flood: flood,
	}, nil
}

// first writes the first line of all, which is for people unless the log is
// not. Whoever started the program reads it on standard error in any case.
func (l *logs) first(line string) {
	if l.file {
		fmt.Fprintln(l.stderr, line)
	}
	if l.form == LogJSON {
		l.Info(line)
		return
	}
	_, _ = l.output.Write([]byte(line + "\n"))
}

// Close writes everything that is to be written.
func (l *logs) Close() {
	l.flood.Close()
	l.output.Close()
}

var leftOutDesc = prometheus.NewDesc("apiphant_log_lines_left_out_total",
	"Lines that the log lacks: flood, too many from one place; lost, since they could not be written.", []string{"reason"}, nil)

// Describe is part of [prometheus.Collector].
func (l *logs) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- leftOutDesc }

// Collect is part of [prometheus.Collector].
func (l *logs) Collect(metrics chan<- prometheus.Metric) {
	metrics <- prometheus.MustNewConstMetric(leftOutDesc, prometheus.CounterValue, float64(l.flood.lost.Load()), "flood")
	metrics <- prometheus.MustNewConstMetric(leftOutDesc, prometheus.CounterValue, float64(l.output.lost.Load()), "lost")
}
