// Command lambdabare is a function of aws-lambda-go alone, which does by hand what is
// measured: it looks at method and path, and parses the body into a map.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/apiphant/apiphant/bench/message"
)

func main() { lambda.Start(echo) }

func echo(_ context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	if event.RequestContext.HTTP.Method != http.MethodPost || event.RawPath != "/api/v0/echo/read" {
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusNotFound}, nil
	}
	body := []byte(event.Body)
	if event.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(event.Body); err != nil {
			return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusBadRequest}, nil
		}
	}
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil || object == nil {
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusBadRequest}, nil
	}
	object["server"] = message.Server
	answer, err := json.Marshal(object)
	return events.APIGatewayV2HTTPResponse{
		StatusCode: http.StatusOK,
		Headers:    map[string]string{"Content-Type": "application/json"},
		Body:       string(answer),
	}, err
}
