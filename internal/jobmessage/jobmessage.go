// Package jobmessage says what a job looks like as a message of a queue, for package
// background/sqs, which sends it, and for package lambda, which is called with it.
//
// The text of the message are the arguments of the job, as JSON. Its attributes say
// that it is a job, and how often to try it. ApproximateReceiveCount, which SQS adds,
// is the number of the attempt.
package jobmessage

import (
	"strconv"

	"github.com/apiphant/apiphant/background/engine"
)

// The attributes of a message that is a job.
const (
	Name     = "apiphant.job"      // the name of the job
	Attempts = "apiphant.attempts" // how often it is tried
)

// ReceiveCount is the attribute in which SQS counts how often it has handed a message
// out.
const ReceiveCount = "ApproximateReceiveCount"

// Read returns the job that a message is: its name, and the attempt that is to be
// made. It reports false if the message is no job.
func Read(attributes, system map[string]string, text, receipt string) (name string, attempt engine.Attempt, ok bool) {
	name, ok = attributes[Name]
	if !ok {
		return "", attempt, false
	}
	attempt = engine.Attempt{Args: []byte(text), Number: max(number(system[ReceiveCount]), 1), Receipt: receipt}
	most := number(attributes[Attempts])
	attempt.Last = most > 0 && attempt.Number >= most
	return name, attempt, true
}

// number returns the number that a text is, or 0.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}
