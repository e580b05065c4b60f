int main() {
  // [answer]
  int answer = 42;

  if (answer == 42) {
    return 0;
  }
  // [/answer]
  return 1;
}
