package auth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/uds-platform/state/auth"
)

func Example() {
	keys, err := auth.New(auth.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, key, err := keys.Create(auth.Spec{Owner: "ada", Scopes: []string{"read"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("printed by accident:", text)
	principal, err := keys.VerifyBytes(text)
	text.Wipe() // once its owner has it
	fmt.Println(principal.Owner, principal.Can("read"), principal.Can("write"), err)
	_, err = keys.Verify("uds_something")
	fmt.Println(err)
	fmt.Println(keys.Revoke(key.ID))
	// Output:
	// printed by accident: [API key]
	// ada true false <nil>
	// auth: no valid API key
	// <nil>
}

func ExampleKeys_Require() {
	keys, err := auth.New(auth.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _, err := keys.Create(auth.Spec{Owner: "ada", Scopes: []string{"read"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := keys.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		principal, _ := auth.FromContext(r.Context())
		fmt.Fprintln(w, "hello,", principal.Owner)
	}), "read")
	for _, header := range []string{"", "Bearer wrong", "Bearer " + string(text)} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 401 {"error":"an API key is required"}
	// 401 {"error":"the API key is not valid"}
	// 200 hello, ada
}

func ExampleKeys_Rotate() {
	keys, err := auth.New(auth.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	old, key, err := keys.Create(auth.Spec{Owner: "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fresh, _, err := keys.Rotate(key.ID, 0, time.Time{}) // most often with a day or two between
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = keys.VerifyBytes(old)
	fmt.Println(err, errors.Is(err, auth.ErrUnauthorized))
	principal, err := keys.VerifyBytes(fresh)
	fmt.Println(principal.Owner, err)
	// Output:
	// auth: no valid API key: it has expired true
	// ada <nil>
}

func ExampleKeys_Restore() {
	before, err := auth.New(auth.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _, err := before.Create(auth.Spec{Owner: "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	var payloads [][]byte // of a snapshot's records
	for record := range before.Export() {
		payload, err := json.Marshal(record)
		if err != nil {
			fmt.Println(err)
		}
		payloads = append(payloads, payload)
	}

	after, err := auth.New(auth.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, payload := range payloads {
		var record auth.Record
		if err := json.Unmarshal(payload, &record); err != nil {
			fmt.Println(err)
		}
		if err := after.Restore(record); err != nil {
			fmt.Println(err)
		}
	}
	principal, err := after.VerifyBytes(text)
	fmt.Println(principal.Owner, err)
	// Output: ada <nil>
}
