"""The Binance dialect: another name of a market, and how much of a candle's volume buyers took.

Orders have longer types (take_profit_limit): SQLite does not count a text's letters, so its table stays as it is.
What is added up of trades is forgotten and added up anew by the engines while they run, the new columns with it.
"""

import django.core.validators
import django.db.models.deletion
import markets.fields
from django.db import migrations, models


def forget(apps, schema_editor):
    for name in ('Tally', 'Candle', 'DayVolume'):
        apps.get_model('markets', name).objects.all().delete()


def widen(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute('ALTER TABLE markets_order ALTER COLUMN type TYPE varchar(17)')


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0008_api_key_kinds'),
    ]

    operations = [
        migrations.AddField(
            model_name='market',
            name='dialect_symbol',
            field=models.CharField(blank=True, help_text='What bots of the Binance dialect call it. Empty: its symbol without the hyphen.', max_length=20, null=True, unique=True, validators=[django.core.validators.RegexValidator('\\A[A-Z0-9._-]{1,20}\\Z', '1 to 20 of A-Z, 0-9 and - _ .')]),
        ),
        migrations.AddField(
            model_name='candle',
            name='taker_buy_volume',
            field=markets.fields.AmountField(default=0),
        ),
        migrations.AddField(
            model_name='candle',
            name='taker_buy_quote_volume',
            field=markets.fields.AmountField(default=0),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='order',
                    name='type',
                    field=models.CharField(max_length=17),
                ),
            ],
            database_operations=[
                migrations.RunPython(widen, migrations.RunPython.noop),
            ],
        ),
        migrations.CreateModel(
            name='OrderListName',
            fields=[
                ('group', models.BigIntegerField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=36)),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='markets.account')),
            ],
            options={
                'indexes': [models.Index(fields=['account', 'name'], name='order_lists_by_name')],
            },
        ),
        migrations.RunPython(forget, migrations.RunPython.noop),
    ]
