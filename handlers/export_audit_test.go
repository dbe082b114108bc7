package handlers

// Defused is defused.
var Defused = defused
