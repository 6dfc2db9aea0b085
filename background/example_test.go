package background_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/apiphant/apiphant/background"
)

type MailArgs struct {
	To string `json:"to"`
}

var SendMail = background.NewJob("send_mail", sendMail)

func sendMail(context.Context, MailArgs) error { return nil }

func ExampleJob_Enqueue() {
	err := SendMail.Enqueue(context.Background(), MailArgs{To: "ann@example.com"})
	fmt.Println(err)
	// Output:
	// job send_mail: there is no database to keep jobs in: start the program with --database URL
}

func TestEnqueueWithoutDatabase(t *testing.T) {
	if err := SendMail.Enqueue(t.Context(), MailArgs{}); !errors.Is(err, background.ErrNoDatabase) {
		t.Errorf("got %v, want %v", err, background.ErrNoDatabase)
	}
}
