// Command lambdachi is chi with encoding/json behind the adapter of
// aws-lambda-go-api-proxy.
package main

import (
	"encoding/json"
	"net/http"

	"github.com/aws/aws-lambda-go/lambda"
	chiadapter "github.com/awslabs/aws-lambda-go-api-proxy/chi"
	"github.com/go-chi/chi/v5"

	"github.com/apiphant/apiphant/bench/message"
)

func main() {
	router := chi.NewRouter()
	router.Post("/api/v0/echo/read", func(w http.ResponseWriter, r *http.Request) {
		var object map[string]any
		if err := json.NewDecoder(r.Body).Decode(&object); err != nil || object == nil {
			http.Error(w, "invalid", http.StatusBadRequest)
			return
		}
		object["server"] = message.Server
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(object)
	})
	lambda.Start(chiadapter.NewV2(router).ProxyWithContextV2)
}
