Console.Error.WriteLine("mesh: this program has not landed yet");
return 1;
