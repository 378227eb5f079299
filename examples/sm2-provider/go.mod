module tongban.example/sm2-provider

go 1.23.0

require github.com/emmansun/gmsm v0.30.1

require golang.org/x/crypto v0.37.0 // indirect
